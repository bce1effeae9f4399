// SPDX-License-Identifier: Apache-2.0
// Server-sent events and newline-delimited JSON as state machines that do not care where the bytes were cut.
#pragma once
#include <functional>
#include <string>
#include <string_view>

namespace ipw::http {

struct SseEvent {
  std::string event;  ///< "message" when the server named none
  std::string data;   ///< data lines joined by '\n'
  std::string id;
};

/// Parse a stream of server-sent events (WHATWG HTML 9.2). One thread at a time.
/// Lines may end in \n, \r\n or \r; a leading BOM is skipped; comments are dropped; data may come without a
/// space.
class SseParser {
 public:
  explicit SseParser(std::function<void(const SseEvent&)> sink,
                     std::size_t max_event = std::size_t{16} << 20);
  /// Take bytes; false once an event grew over the limit, after which nothing more is parsed.
  bool feed(std::string_view bytes);
  /// Dispatch what stands before the end of the stream even without a final blank line (servers omit it).
  void finish();

 private:
  void take_line();
  void field(std::string_view name, std::string_view value);
  void dispatch();
  std::function<void(const SseEvent&)> sink_;
  std::size_t max_event_;
  std::string line_, last_id_;
  SseEvent event_;
  bool has_data_ = false, after_cr_ = false, first_line_ = true, failed_ = false;
};

/// Split a stream into lines that hold one JSON value each; blank lines are skipped. One thread at a time.
class NdjsonParser {
 public:
  explicit NdjsonParser(std::function<void(std::string_view)> sink,
                        std::size_t max_line = std::size_t{16} << 20);
  /// Take bytes; false once a line grew over the limit, after which nothing more is parsed.
  bool feed(std::string_view bytes);
  /// Give out a last line that has no line end.
  void finish();

 private:
  void take_line();
  std::function<void(std::string_view)> sink_;
  std::size_t max_line_;
  std::string line_;
  bool failed_ = false;
};

}  // namespace ipw::http
