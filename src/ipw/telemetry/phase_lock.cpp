// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/phase_lock.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

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

/// `at + steps * period`.
struct Line {
  double at, steps;
  double operator()(double period) const { return at + steps * period; }
};

/// Those of the lines, of ascending steps, that are the highest somewhere between two periods: few, since the
/// periods are close to each other.
class Highest {
 public:
  Highest(double from, double to) : from_(from), to_(to) {}
  void add(Line line) {
    if (!lines_.empty() && line(to_) <= lines_.back()(to_)) return;
    while (!lines_.empty() && line(from_) >= lines_.back()(from_)) lines_.pop_back();
    while (lines_.size() > 1 && hides(lines_[lines_.size() - 2], lines_.back(), line)) lines_.pop_back();
    lines_.push_back(line);
  }
  double operator()(double period) const {
    double out = -std::numeric_limits<double>::infinity();
    for (const Line& line : lines_) out = std::max(out, line(period));
    return out;
  }

 private:
  // The flatter and the steeper one meet above the one between them.
  static bool hides(Line flat, Line between, Line steep) {
    return (flat.at - steep.at) * (between.steps - flat.steps) <=
           (flat.at - between.at) * (steep.steps - flat.steps);
  }
  double from_, to_;
  std::vector<Line> lines_;
};

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
  double from = period() * (1 - kTolerance), to = period() * (1 + kTolerance);
  Highest lows(from, to), highs(-to, -from);  // the lowest is the highest of the negatives
  for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) {
    const auto steps = static_cast<double>(newest - change->index);
    lows.add({change->range.low, steps});
    highs.add({-change->range.high, steps});
  }
  const auto range = [&](double period) { return TimeRange{lows(period) - slack, slack - highs(-period)}; };
  const auto room = [&](double period) { return range(period).half(); };  // concave in the period
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
