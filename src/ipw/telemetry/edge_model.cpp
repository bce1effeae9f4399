// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/edge_model.h"

#include <algorithm>
#include <cmath>

namespace ipw::telemetry {

namespace {

// How the weights were found, and what was looked at for it: docs/design/energy-intervals.md.
constexpr double kSpreadWeight = 0.3, kRuleWeight = 0.7;
constexpr double kBridge = 0.6, kRipple = 0.3;
// The part of the knots' error in time that is not common to both edges, as a share of its variance.
constexpr double kSeparateTiming = 0.07;
// Bounds of the factor, and what it is before enough points have been examined.
constexpr double kLeastFactor = 1.15, kMostFactor = 6.0, kFirstFactor = 2.5;
constexpr std::size_t kEnough = 40;
constexpr auto kExamineEvery = std::chrono::milliseconds(100);
// Points on either side of the examined one.
constexpr std::size_t kSide = 11;

double square(double x) {
  return x * x;
}

}  // namespace

Edge describe_edge(const Knots& knots, Instant t, bool linear) {
  Edge e;
  e.segment = std::min(knots.find(t), knots.size() - 2);
  const std::size_t i = e.segment;
  const Point from = knots[i], to = knots[i + 1];
  const double whole = to.joules - from.joules, tau = to_seconds(t - from.at);
  e.seconds = to_seconds(to.at - from.at);
  e.share = std::clamp(tau / e.seconds, 0.0, 1.0);
  const double here = knots.slope(i).value_or(0);
  const double before = i > 0 ? knots.slope(i - 1).value_or(here) : here;
  const double after = knots.slope(i + 1).value_or(here);
  const double line = here * tau;
  const double forth = std::clamp(before * tau, 0.0, whole);
  const double back = std::clamp(whole - after * (e.seconds - tau), 0.0, whole);
  e.joules = linear ? from.joules + line : edge_aware_energy(knots, t);
  e.power_range = std::max({before, here, after}) - std::min({before, here, after});
  e.scatter_joules = std::max(scatter(knots, i, 1), scatter(knots, i, 4)) * e.seconds;
  const double spread = std::max({line, forth, back}) - std::min({line, forth, back});
  const double rule = std::abs(e.joules - from.joules - line);
  e.variance = square(kSpreadWeight * spread) + square(kRuleWeight * rule) +
               square(e.scatter_joules) * (kBridge * e.share * (1 - e.share) + kRipple);
  const auto late = from_seconds(static_cast<double>(std::max(from.spread, to.spread)));
  const Instant first = knots.first_at(), last = knots[knots.size() - 1].at;
  e.shift_joules =
      (linear_energy(knots, std::min(t + late, last)) - linear_energy(knots, std::max(t - late, first))) / 2;
  return e;
}

double shape_variance(const Edge& begin, const Edge& end) {
  const double apart = begin.variance + end.variance;
  if (begin.segment != end.segment) return apart;
  const double share = end.share - begin.share;
  return std::min(apart, square(share * begin.seconds * begin.power_range) +
                             2 * square(begin.scatter_joules) * share * (1 - share));
}

double timing_variance(const Edge& begin, const Edge& end) {
  return (square(end.shift_joules - begin.shift_joules) +
          kSeparateTiming * (square(end.shift_joules) + square(begin.shift_joules))) /
         3;
}

void SelfExamination::examine(const PointRing& points) {
  if (points.size() < 2 * kSide + 2) return;
  const std::size_t middle = points.size() - 1 - kSide;
  const Point& known = points[middle];
  if (count_ > 0 && known.at - last_ < kExamineEvery) return;
  const Knots knots(points, 2, (middle + 1) % 2);
  const std::size_t i = knots.find(known.at);
  if (i + 1 >= knots.size() || !knots.slope(i) || known.gap) return;
  const Edge edge = describe_edge(knots, known.at, false);
  const double deviation = std::sqrt(edge.variance + 1e-7);
  ratios_[count_++ % kKept] = static_cast<float>(std::abs(edge.joules - known.joules) / deviation);
  last_ = known.at;
}

double SelfExamination::factor() const {
  if (count_ < kEnough) return kFirstFactor;
  std::array<float, kKept> sorted = ratios_;
  const std::size_t n = std::min(count_, kKept);
  const auto nth = sorted.begin() + static_cast<std::ptrdiff_t>(n * 95 / 100);
  std::nth_element(sorted.begin(), nth, sorted.begin() + static_cast<std::ptrdiff_t>(n));
  return std::clamp(static_cast<double>(*nth), kLeastFactor, kMostFactor);
}

}  // namespace ipw::telemetry
