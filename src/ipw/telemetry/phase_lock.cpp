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
// Updates may lie this far off the grid, as a share of T.
constexpr double kJitter = 0.03;
// How well the period of a fit foretells the next change.
constexpr double kForesight = 0.002;
constexpr int kDistrust = 96;
constexpr int kHalvings = 25;
// A range that is as short as this share of T needs no narrowing.
constexpr double kFine = 0.005;

}  // namespace

void PhaseLock::clear() {
  changes_.clear();
  last_.reset();
}

double PhaseLock::period() const {
  if (nominal_ > 0) return nominal_;
  if (changes_.size() < kEnough) return 0;
  const auto steps = static_cast<double>(changes_.size() - 1);
  return (changes_.back().range.middle() - changes_.front().range.middle()) / steps;
}

// A counter under load moves at every update, so the fewest steps that fit are taken.
std::int64_t PhaseLock::next_index(TimeRange change) const {
  if (changes_.empty()) return 0;
  const double least = change.low - changes_.back().range.high, assumed = period();
  const double steps = assumed > 0 ? std::ceil((1 - kTolerance) * least / assumed) : 1;
  return changes_.back().index + std::max<std::int64_t>(1, std::llround(steps));
}

std::optional<PhaseLock::Fit> PhaseLock::fit(double slack) const {
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
  double from = period() * (1 - kTolerance), to = period() * (1 + kTolerance);
  const double least = from, most = to;
  for (int n = 0; n < kHalvings; ++n) {
    const double a = from + (to - from) / 3, b = to - (to - from) / 3;
    if (room(a) < room(b))
      from = a;
    else
      to = b;
  }
  const double best = (from + to) / 2;
  if (room(best) < 0) return std::nullopt;
  // Both ends of the range grow with the period: the extremes lie at the shortest and the longest that fit.
  const auto limit = [&](double outside) {
    double inside = best;
    for (int n = 0; n < kHalvings; ++n) {
      const double middle = (inside + outside) / 2;
      (room(middle) >= 0 ? inside : outside) = middle;
    }
    return inside;
  };
  return Fit{{range(limit(least)).low - slack, range(limit(most)).high + slack}, best, newest};
}

bool PhaseLock::foreseen(const Change& change, double slack) const {
  if (!last_) return true;
  const double ahead = static_cast<double>(change.index - last_->index) * last_->period;
  return last_->newest.high + ahead * (1 + kForesight) + slack >= change.range.low &&
         last_->newest.low + ahead * (1 - kForesight) - slack <= change.range.high;
}

TimeRange PhaseLock::feed(TimeRange change) {
  const std::int64_t index = next_index(change);
  if (!changes_.empty() && index - changes_.back().index > static_cast<std::int64_t>(kMemory)) clear();
  changes_.push_back({change, index});
  if (changes_.size() > kMemory) changes_.pop_front();
  const double period = this->period(), slack = kJitter * period;
  if (changes_.size() < kEnough || period <= 0 || change.half() < kFine * period) return change;
  if (!foreseen(changes_.back(), slack)) distrust_ = kDistrust;
  last_ = fit(slack);
  if (!last_) {
    distrust_ = kDistrust;
    return change;
  }
  TimeRange& by_grid = last_->newest;
  by_grid = {std::max(change.low, by_grid.low), std::min(change.high, by_grid.high)};
  if (by_grid.low > by_grid.high) {
    last_.reset();
    return change;
  }
  if (distrust_ == 0) return by_grid;
  --distrust_;
  return change;
}

}  // namespace ipw::telemetry
