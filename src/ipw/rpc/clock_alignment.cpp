// SPDX-License-Identifier: Apache-2.0
#include "ipw/rpc/clock_alignment.h"

#include <algorithm>

namespace ipw::rpc {
namespace {

/// How fast two quartz clocks may drift apart: 1 part in 10,000.
constexpr std::int64_t kDriftDivisor = 10'000;
/// Wall clocks are disciplined by NTP; the bracket of stamps is widened by 10 parts in a million of its age.
constexpr std::int64_t kWallDriftDivisor = 100'000;

std::int64_t ns(Instant t) {
  return Nanoseconds(t.time_since_epoch()).count();
}

}  // namespace

bool Handshake::round(Instant sent, Instant remote, Instant received) {
  const Nanoseconds half_trip = (received - sent) / 2;
  if (taken_ && half_trip > error(received)) return false;
  offset_ = remote - (sent + half_trip);
  half_trip_ = half_trip;
  taken_ = received;
  return true;
}

Nanoseconds Handshake::error(Instant now) const {
  return half_trip_ + std::max(Nanoseconds(0), now - *taken_) / kDriftDivisor;
}

Aligned Handshake::to_local(Instant remote) const {
  const Instant local = remote - offset_;
  return {local, error(local)};
}

Aligned StampBracket::place(std::int64_t unix_ns, Instant received) {
  const std::int64_t low = ns(earliest_) - unix_ns, high = ns(received) - unix_ns;
  if (last_stamp_) {
    const std::int64_t drift = std::max<std::int64_t>(0, ns(received) - last_received_) / kWallDriftDivisor;
    low_ -= drift;
    high_ += drift;
  }
  const bool stepped = last_stamp_ && (unix_ns < *last_stamp_ || high < low_);
  if (!last_stamp_ || stepped) {
    low_ = low;
    high_ = high;
    steps_ += stepped ? 1 : 0;
  } else {
    high_ = std::min(high_, high);
  }
  last_stamp_ = unix_ns;
  last_received_ = ns(received);
  const std::int64_t half = std::max<std::int64_t>(0, (high_ - low_) / 2);
  const Aligned placed{Instant(Nanoseconds(unix_ns + low_ + half)), Nanoseconds(half)};
  earliest_ = std::max(earliest_, placed.mid - placed.half_width);
  return placed;
}

}  // namespace ipw::rpc
