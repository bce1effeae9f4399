// SPDX-License-Identifier: Apache-2.0
// Which samples of a series a stream gets.
#pragma once
#include <cstdint>
#include <map>

#include "ipw/base/clock.h"

namespace ipw::rpc {

/// The shortest time between two samples of a peer that is not privileged: faster series of a CPU's energy
/// can betray what other users compute (PLATYPUS, CVE-2020-8694; telemetry.md 3.12).
inline constexpr Nanoseconds kOpenPeriod = std::chrono::milliseconds(50);

/// The grid that a series is thinned to for an unprivileged peer; 0 where it is coarse enough already.
inline Nanoseconds open_cell(bool privileged, double period_seconds) {
  return privileged || from_seconds(period_seconds) >= kOpenPeriod ? Nanoseconds(0) : kOpenPeriod;
}

/// Thins each sampling thread's series. With a cell, only the first sample of each cell of the clock passes,
/// so that all streams see the same ones and several streams together learn no more than one. One thread at a
/// time.
class Thinning {
 public:
  /// At most one sample in `interval`, and one in each `cell`; 0 is no limit.
  Thinning(Nanoseconds interval, Nanoseconds cell) : interval_(interval), cell_(cell) {}

  bool admits(std::uint32_t thread, Instant tick) {
    if (cell_.count() > 0 && !begins_cell(thread, tick)) return false;
    if (interval_.count() <= 0) return true;
    const auto due = due_.try_emplace(thread, tick).first;
    if (tick < due->second) return false;
    due->second = tick + interval_;
    return true;
  }

  /// Samples were lost: of the cell that the next one is in, the first may be among them.
  void lost() { last_cell_.clear(); }

 private:
  bool begins_cell(std::uint32_t thread, Instant tick) {
    const auto cell = tick.time_since_epoch() / cell_;
    // The cell we come into has a first sample that we did not see.
    const auto [last, is_new] = last_cell_.try_emplace(thread, cell);
    if (is_new || cell <= last->second) return false;
    last->second = cell;
    return true;
  }

  Nanoseconds interval_, cell_;
  std::map<std::uint32_t, Instant> due_;
  std::map<std::uint32_t, std::int64_t> last_cell_;
};

}  // namespace ipw::rpc
