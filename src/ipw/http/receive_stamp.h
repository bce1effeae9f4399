// SPDX-License-Identifier: Apache-2.0
// When bytes reached this machine, by the kernel's own stamp (Documentation/networking/timestamping.rst).
#pragma once
#include <cstdint>
#include <optional>

#include "ipw/base/clock.h"

namespace ipw::http {

/// The two clocks read together: `real_ns` was CLOCK_REALTIME between `before` and `after`.
struct ClockBracket {
  Instant before;
  std::int64_t real_ns = 0;
  Instant after;
};

/// Move a CLOCK_REALTIME stamp to CLOCK_MONOTONIC by the bracket's middle. Nothing when the result lies after
/// the bracket or over a minute before it: the wall clock was stepped between the stamp and the bracket.
std::optional<Instant> to_monotonic(std::int64_t stamp_ns, const ClockBracket& bracket);

/// Ask the kernel to stamp what this socket receives; sockets that cannot are left as they are.
void enable_receive_stamps(int socket);

/// The stamp of the first unread segment of a readable socket, without consuming it. Nothing when the kernel
/// has none (Unix sockets, the first segments after stamps were switched on). One system call and three clock
/// readings.
std::optional<Instant> receive_stamp(int socket);

}  // namespace ipw::http
