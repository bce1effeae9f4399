// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/phase_lock.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ipw::telemetry {

namespace {

constexpr std::size_t kMemory = 48;
// Fewer changes say too little about the period.
constexpr std::size_t kEnough = 12;
// The true period may be this far from the nominal one.
constexpr double kTolerance = 0.03;
// Jitter of the sensor's updates that is allowed for, as a share of T.
constexpr double kJitter = 0.04;
constexpr int kHalvings = 25;
// A range that is as short as this share of T needs no narrowing.
constexpr double kFine = 0.005;

constexpr TimeRange kNothing{1, -1};

}  // namespace

double PhaseLock::period() const {
  if (nominal_ > 0) return nominal_;
  if (changes_.size() < kEnough) return 0;
  const auto steps = static_cast<double>(changes_.size() - 1);
  return (changes_.back().range.middle() - changes_.front().range.middle()) / steps;
}

TimeRange PhaseLock::fit(double slack) const {
  const std::int64_t newest = changes_.back().index;
  const auto range = [&](double period) {
    TimeRange out{-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
    for (const Change& change : changes_) {
      const double forward = static_cast<double>(newest - change.index) * period;
      out.low = std::max(out.low, change.range.low + forward - slack);
      out.high = std::min(out.high, change.range.high + forward + slack);
    }
    return out;
  };
  const auto room = [&](double period) { return range(period).half(); };  // concave in the period
  const double nominal = period();
  double from = nominal * (1 - kTolerance), to = nominal * (1 + kTolerance);
  const double least = from, most = to;
  for (int n = 0; n < kHalvings; ++n) {
    const double a = from + (to - from) / 3, b = to - (to - from) / 3;
    (room(a) < room(b) ? from : to) = room(a) < room(b) ? a : b;
  }
  const double best = (from + to) / 2;
  if (room(best) < 0) return kNothing;
  // Both ends of the range grow with the period: the extremes lie at the shortest and longest that fit.
  const auto limit = [&](double outside) {
    double inside = best;
    for (int n = 0; n < kHalvings; ++n) {
      const double middle = (inside + outside) / 2;
      (room(middle) >= 0 ? inside : outside) = middle;
    }
    return inside;
  };
  return {range(limit(least)).low, range(limit(most)).high};
}

TimeRange PhaseLock::feed(TimeRange change) {
  const double spacing = changes_.empty() ? 0 : change.middle() - changes_.back().range.middle();
  const double assumed = period() > 0 ? period() : spacing;
  std::int64_t index = 0;
  if (!changes_.empty()) {
    const double steps = assumed > 0 ? std::round(spacing / assumed) : 1;
    if (steps > static_cast<double>(kMemory))
      changes_.clear();
    else
      index = changes_.back().index + std::max<std::int64_t>(1, std::llround(steps));
  }
  changes_.push_back({change, index});
  if (changes_.size() > kMemory) changes_.pop_front();
  if (changes_.size() < kEnough || period() <= 0 || change.half() < kFine * period()) return change;
  for (const double jitter : {0.0, kJitter}) {
    const TimeRange fitted = fit(jitter * period());
    if (fitted.low > fitted.high) continue;
    const double widen = jitter * period();
    const TimeRange out{std::max(change.low, fitted.low - widen), std::min(change.high, fitted.high + widen)};
    if (out.low <= out.high) return out;
  }
  return change;
}

}  // namespace ipw::telemetry
