// SPDX-License-Identifier: Apache-2.0
// Known points of a cumulative energy, in bounded memory.
#pragma once
#include <cstddef>
#include <deque>

#include "ipw/base/clock.h"

namespace ipw::telemetry {

/// The domain had used `joules` at some moment in [at - before, at + after].
struct Point {
  Instant at{};                 ///< best estimate of that moment
  double joules = 0;            ///< cumulative since the first reading, gaps counted as nothing
  float before = 0, after = 0;  ///< seconds, certain
  float spread = 0;             ///< seconds: the moment is believed to lie within this of `at`
  float watts = 0;              ///< integrated sensors: the power that was read here
  bool gap = false;             ///< the energy between the point before and this one is unknown
};

/// The last hour in full, the day before it thinned to about a point a second, nothing older.
/// 40 bytes a point: an hour at 50 ms is 2.9 MB, the day 3.5 MB.
class PointRing {
 public:
  void push(const Point& point) {
    recent_.push_back(point);
    while (recent_.front().at < point.at - kFull) {
      retire(recent_.front());
      recent_.pop_front();
    }
    while (!thinned_.empty() && thinned_.front().at < point.at - kThinned) thinned_.pop_front();
  }
  std::size_t size() const { return thinned_.size() + recent_.size(); }
  bool empty() const { return recent_.empty(); }
  const Point& operator[](std::size_t i) const {
    return i < thinned_.size() ? thinned_[i] : recent_[i - thinned_.size()];
  }
  const Point& back() const { return recent_.back(); }
  /// Say that the energy before the newest point is unknown.
  void mark_gap() { recent_.back().gap = true; }
  /// Count the points at or before an instant.
  std::size_t count_until(Instant t) const {
    std::size_t low = 0, high = size();
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if ((*this)[middle].at <= t)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  }

 private:
  static constexpr auto kFull = std::chrono::hours(1) + std::chrono::minutes(5);
  static constexpr auto kThinned = std::chrono::hours(24);
  static constexpr auto kStep = std::chrono::seconds(1);
  void retire(const Point& point) {
    // Both ends of a gap stay, else it would seem longer than it was.
    const bool opens_gap = recent_.size() > 1 && recent_[1].gap;
    if (thinned_.empty() || point.gap || opens_gap || point.at - thinned_.back().at >= kStep) {
      thinned_.push_back(point);
    }
  }
  std::deque<Point> thinned_, recent_;
};

}  // namespace ipw::telemetry
