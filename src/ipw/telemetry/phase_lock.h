// SPDX-License-Identifier: Apache-2.0
// When did the counter take its new value? A sensor that updates every T does so on a grid; many rough
// answers give a fine one.
#pragma once
#include <cstdint>
#include <deque>

#include "ipw/base/clock.h"

namespace ipw::telemetry {

/// Seconds since the first change; a change happened somewhere between the two.
struct TimeRange {
  double low = 0, high = 0;
  double half() const { return (high - low) / 2; }
  double middle() const { return (low + high) / 2; }
};

/// Narrow the time of each change by the grid t0 + k T that fits the last ones; t0 and T are both free within
/// a few percent. With jitter the grid gets some slack; when nothing fits, the answer is what was asked. One
/// thread.
class PhaseLock {
 public:
  /// `period` is the sensor's T where it is known, else 0: the spacing of the changes is taken then.
  explicit PhaseLock(double period) : nominal_(period) {}
  /// Take the next change; give the range in which it lies by the grid as well.
  TimeRange feed(TimeRange change);
  /// Forget the grid: after a gap or a reset.
  void clear() { changes_.clear(); }

 private:
  struct Change {
    TimeRange range;
    std::int64_t index = 0;
  };
  double period() const;
  /// The range of the newest change when all ranges are widened by `slack`; empty (low > high): no grid fits.
  TimeRange fit(double slack) const;

  double nominal_;
  std::deque<Change> changes_;
};

}  // namespace ipw::telemetry
