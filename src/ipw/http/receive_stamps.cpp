// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/receive_stamps.h"

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstring>
#include <ctime>

namespace ipw::http {
namespace {

std::int64_t nanos(const timespec& t) { return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec; }

std::int64_t read_clock(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);
  return nanos(t);
}

/// CLOCK_MONOTONIC minus CLOCK_REALTIME, with the realtime read bracketed by two monotonic ones.
std::int64_t monotonic_minus_realtime() {
  const auto before = read_clock(CLOCK_MONOTONIC);
  const auto wall = read_clock(CLOCK_REALTIME);
  const auto after = read_clock(CLOCK_MONOTONIC);
  return before + (after - before) / 2 - wall;
}

std::optional<std::int64_t> software_stamp(msghdr& message) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPING) continue;
    scm_timestamping stamps;
    std::memcpy(&stamps, CMSG_DATA(c), sizeof stamps);
    if (stamps.ts[0].tv_sec != 0) return nanos({stamps.ts[0].tv_sec, stamps.ts[0].tv_nsec});
  }
  return std::nullopt;
}

}  // namespace

bool enable_receive_stamps(int socket) {
  const int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
  return ::setsockopt(socket, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags) == 0;
}

std::optional<Instant> peek_receive_stamp(int socket) {
  char byte = 0;
  iovec place{&byte, 1};
  alignas(cmsghdr) std::array<char, 256> control{};
  msghdr message{};
  message.msg_iov = &place;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (::recvmsg(socket, &message, MSG_PEEK | MSG_DONTWAIT) <= 0) return std::nullopt;
  const auto stamp = software_stamp(message);
  if (!stamp) return std::nullopt;
  return Instant(Nanoseconds(*stamp + monotonic_minus_realtime()));
}

}  // namespace ipw::http
