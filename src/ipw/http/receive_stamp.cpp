// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/receive_stamp.h"

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstring>
#include <ctime>

namespace ipw::http {
namespace {

constexpr Nanoseconds kOldest = std::chrono::minutes(1);

std::int64_t nanoseconds(const timespec& t) {
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

ClockBracket read_bracket() {
  const SystemClock clock;
  ClockBracket bracket;
  bracket.before = clock.now();
  bracket.real_ns = unix_nanos(clock.wall());
  bracket.after = clock.now();
  return bracket;
}

std::optional<std::int64_t> stamp_of(msghdr& message) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPING) continue;
    scm_timestamping stamps;
    std::memcpy(&stamps, CMSG_DATA(c), sizeof stamps);
    const auto software = nanoseconds({stamps.ts[0].tv_sec, stamps.ts[0].tv_nsec});
    if (software > 0) return software;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Instant> to_monotonic(std::int64_t stamp_ns, const ClockBracket& bracket) {
  const auto middle = bracket.before + (bracket.after - bracket.before) / 2;
  const auto stamp = middle - Nanoseconds(bracket.real_ns - stamp_ns);
  if (stamp > bracket.after || bracket.after - stamp > kOldest) return std::nullopt;
  return stamp;
}

void enable_receive_stamps(int socket) {
  const int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
  ::setsockopt(socket, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags);
}

std::optional<Instant> receive_stamp(int socket) {
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) std::array<char, 256> control;
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (::recvmsg(socket, &message, MSG_PEEK | MSG_DONTWAIT) <= 0) return std::nullopt;
  const auto stamp = stamp_of(message);
  return stamp ? to_monotonic(*stamp, read_bracket()) : std::nullopt;
}

}  // namespace ipw::http
