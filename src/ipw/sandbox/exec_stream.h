// SPDX-License-Identifier: Apache-2.0
// The stream in which a container engine sends both outputs of a command: frames of a head of eight bytes
// (the stream's number, three zeros, the length, big-endian) and a body. Docker Engine API, "attach to a
// container".
#pragma once
#include <array>
#include <cstddef>
#include <functional>
#include <string_view>

namespace ipw::sandbox {

/// Takes the stream as it was cut by the wire. One thread at a time; holds no more than a head.
class ExecStream {
 public:
  /// `stream`: 1 is standard output, 2 standard error. Called for each piece of a body.
  using Take = std::function<void(int stream, std::string_view bytes)>;
  explicit ExecStream(Take take) : take_(std::move(take)) {}

  /// False from the first frame on that is none, such as a text of the engine; the rest is ignored.
  bool feed(std::string_view bytes);
  /// Whether no frame is unfinished.
  bool whole() const { return sound_ && have_ == 0 && left_ == 0; }

 private:
  bool read_head();

  Take take_;
  std::array<char, 8> head_{};
  std::size_t have_ = 0;  ///< bytes of the head so far
  std::size_t left_ = 0;  ///< bytes of the body to come
  int stream_ = 0;
  bool sound_ = true;
};

}  // namespace ipw::sandbox
