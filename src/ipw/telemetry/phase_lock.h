// SPDX-License-Identifier: Apache-2.0
// When did the counter take its new value? A sensor that updates every T does so on a grid; many rough
// answers give a finer one.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>

#include "ipw/base/clock.h"

namespace ipw::telemetry {

/// Seconds on the clock of the series. A change happened somewhere between the two.
struct TimeRange {
  double low = 0, high = 0;
  double half() const { return (high - low) / 2; }
  double middle() const { return (low + high) / 2; }
};

/// Narrow the time of each change by the grid t0 + k T that fits the last ones; t0 and T are both free within
/// a few percent. Updates may lie off the grid by 3 % of T. When nothing fits, or a change comes where the
/// grid has none, the answer is what was asked, for a while. One thread.
class PhaseLock {
 public:
  /// `period` is the sensor's T where it is known, else 0: the spacing of the changes is taken then.
  explicit PhaseLock(double period) : nominal_(period) {}
  /// Take the next change; give the range in which it lies by the grid as well.
  TimeRange feed(TimeRange change);
  /// Forget the grid: after a gap or a reset.
  void clear();

 private:
  struct Change {
    TimeRange range;
    std::int64_t index = 0;
  };
  struct Fit {
    TimeRange newest;  ///< where the newest change lies by the grid
    double period = 0;
    std::int64_t index = 0;
  };
  double period() const;
  std::int64_t next_index(TimeRange change) const;
  std::optional<Fit> fit(double slack) const;
  /// Tell whether the grid before foresaw this change.
  bool foreseen(const Change& change, double slack) const;

  double nominal_;
  std::deque<Change> changes_;
  std::optional<Fit> last_;
  int distrust_ = 0;  ///< changes for which the grid is not believed
};

}  // namespace ipw::telemetry
