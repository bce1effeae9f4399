// SPDX-License-Identifier: Apache-2.0
// What the HTTP clients share: streamed exchanges whose events keep the stamp of the bytes that completed
// them.
#pragma once
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/clients/client.h"
#include "ipw/http/session.h"

namespace ipw::clients {

enum class Framing { Sse, Ndjson };

/// One event of a stream, not yet parsed: parsing waits until the stream is over, so that it delays no stamp.
struct StreamEvent {
  std::string data;
  Instant received{};
  bool kernel = false;  ///< the kernel stamped it
};

struct Exchange {
  http::Result result;
  Instant begun{};
  std::vector<StreamEvent> events;
  std::string body;  ///< the first 64 KiB, whatever they are
  bool cancelled = false;
  bool oversized = false;  ///< an event grew over the parser's limit
};

/// Sessions for as many threads as ask. Thread-safe.
class Channel {
 public:
  explicit Channel(Clock& clock) : clock_(clock) {}
  Exchange stream(http::Request request, Framing framing, const std::stop_token& stop);
  http::Response fetch(http::Request request);
  Clock& clock() const { return clock_; }

 private:
  std::unique_ptr<http::Session> take();
  void give_back(std::unique_ptr<http::Session> session);
  Clock& clock_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<http::Session>> idle_;  // guarded by mutex_
};

/// Put http:// in front when there is no scheme and take trailing slashes away.
std::string normalise_url(std::string_view url, std::string_view fallback);

/// A POST of JSON with the key in the header only.
http::Request json_post(std::string url, std::string body, const std::string& api_key, Seconds timeout);
http::Request get(std::string url, const std::string& api_key, Seconds timeout = Seconds(10));

/// The message of an error body: that of its JSON, else its first 500 characters.
std::string error_text(std::string_view body);

/// Write when and by whom the events were stamped, and why the transfer failed if it did. A failure that is
/// already there stays.
void add_transfer(Response& response, const Exchange& exchange);

/// Throw the Error of a request that prepare() cannot do without; `start` tells how to start such a server.
[[noreturn]] void throw_unreachable(const http::Response& response, const std::string& url,
                                    const std::string& start);

/// Count the events that carried text where the server gave no number, and say so.
void count_if_unknown(Response& response);

/// Hide a secret in everything that is shown.
void redact(Response& response, const std::string& secret);

}  // namespace ipw::clients
