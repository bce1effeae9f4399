// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>

#include "ipw/base/subprocess.h"
#include "ipw/base/text.h"
#include "ipw/tools/mcp_calls.h"
#include "ipw/tools/mcp_serve.h"

namespace ipw::tools::mcp {
namespace {

constexpr Seconds kToEnd{1};    ///< for calls under way when the input ends
constexpr Seconds kToWrite{1};  ///< a piece for which there is room

/// Lines out of pieces; one that is too long is cut to what shows that it is.
class Lines {
 public:
  template <class Sink>
  void feed(std::string_view bytes, const Sink& sink) {
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      const auto part = bytes.substr(0, end);
      if (line_.size() <= kMaxMessage) line_ += part.substr(0, kMaxMessage + 1 - line_.size());
      if (end == bytes.npos) return;
      bytes.remove_prefix(end + 1);
      finish(sink);
    }
  }
  template <class Sink>
  void finish(const Sink& sink) {
    if (!trim(line_).empty()) sink(std::string_view(line_));
    line_.clear();
  }

 private:
  std::string line_;
};

/// A descriptor that is readable once somebody has asked to stop.
class StopDescriptor {
 public:
  explicit StopDescriptor(std::stop_token stop)
      : fd_(::eventfd(0, EFD_CLOEXEC)), callback_(std::move(stop), [this] { ::eventfd_write(fd_, 1); }) {}
  ~StopDescriptor() { ::close(fd_); }
  StopDescriptor(const StopDescriptor&) = delete;
  StopDescriptor& operator=(const StopDescriptor&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
  std::stop_callback<std::function<void()>> callback_;
};

/// Wait for input and read it; empty at its end, or when somebody has asked to stop.
std::string_view read_some(int in, const StopDescriptor& stop, std::array<char, 65536>& buffer) {
  for (;;) {
    std::array<pollfd, 2> ready = {{{in, POLLIN, 0}, {stop.fd(), POLLIN, 0}}};
    if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) return {};
    if (ready[1].revents != 0) return {};
    if (ready[0].revents == 0) continue;
    const auto n = ::read(in, buffer.data(), buffer.size());
    if (n >= 0) return {buffer.data(), static_cast<std::size_t>(n)};
    if (errno != EINTR && errno != EAGAIN) return {};
  }
}

/// A client may take its time to read. False when it has gone, or when there is no room and somebody has
/// asked to stop.
bool write_all(int out, std::string_view text, const StopDescriptor& stop) {
  constexpr std::size_t kPiece = 4096;  // PIPE_BUF: where a pipe has room at all, it has this much
  while (!text.empty()) {
    std::array<pollfd, 2> ready = {{{out, POLLOUT, 0}, {stop.fd(), POLLIN, 0}}};
    if (::poll(ready.data(), ready.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    const auto piece = text.substr(0, kPiece);
    if ((ready[0].revents & POLLOUT) == 0 || !write_pipe(out, piece, kToWrite)) return false;
    text.remove_prefix(piece.size());
  }
  return true;
}

}  // namespace

void serve_streams(const ToolSet& tools, const ToolContext& context, int in, int out, std::stop_token stop) {
  std::mutex mutex;
  std::stop_source unread;  // nobody reads what we say any more
  const std::stop_callback ends(stop, [&] { unread.request_stop(); });
  const StopDescriptor over(unread.get_token());
  ServerSession session(tools);
  Calls calls(context);
  const auto say = [&](const PacketReply& reply) {
    const std::lock_guard lock(mutex);
    if (!reply.text.empty() && !write_all(out, reply.text + "\n", over)) unread.request_stop();
  };
  const auto take = [&](std::string_view line) {
    const auto packet = parse_packet(line);
    calls.handle(session, "", packet, unread.get_token(), say);
  };
  std::array<char, 65536> buffer;
  Lines lines;
  for (auto some = read_some(in, over, buffer); !some.empty(); some = read_some(in, over, buffer))
    lines.feed(some, take);
  if (!stop.stop_requested()) lines.finish(take);
  calls.finish(kToEnd);
}

}  // namespace ipw::tools::mcp
