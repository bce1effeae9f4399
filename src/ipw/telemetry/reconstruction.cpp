// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/reconstruction.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace ipw::telemetry {

namespace {

// Segments that tell the levels of rest and of full load.
constexpr std::size_t kMemory = 300;
constexpr double kFloorQuantile = 0.03, kCeilingQuantile = 0.98;
// Segments that tell the scatter.
constexpr std::size_t kScatterMemory = 16;
constexpr double kMadToDeviation = 1.4826;
// A change of power counts when it exceeds this share of the power, and the scatter.
constexpr double kLeastChange = 0.02;
// A step has at least one quiet side: unrest of the quieter side by the height of the step.
constexpr double kQuiet = 0.4, kUnquiet = 0.8;
// How much steeper than its neighbour a restless high side may be, in multiples of its unrest.
constexpr double kSteepening = 3;
// A segment above both neighbours holds a burst when they differ by no more than this share of its height.
constexpr double kAlike = 0.25;
// The share of the energy that follows the straight line, so that E grows strictly (defect M2).
constexpr double kLinearShare = 0.0005;

struct Levels {
  double floor = 0, ceiling = 0;
};

Levels levels(const Knots& knots, std::size_t i) {
  std::vector<double> watts;
  watts.reserve(kMemory);
  for (std::size_t k = i >= kMemory ? i - kMemory : 0; k <= i; ++k) {
    if (const auto p = knots.slope(k)) watts.push_back(*p);
  }
  if (watts.empty()) return {};
  const auto quantile = [&](double q) {
    const auto nth = watts.begin() + static_cast<std::ptrdiff_t>(q * static_cast<double>(watts.size() - 1));
    std::nth_element(watts.begin(), nth, watts.end());
    return *nth;
  };
  return {quantile(kFloorQuantile), quantile(kCeilingQuantile)};
}

// The mean powers of five neighbouring segments; what is unknown repeats its inner neighbour.
struct Neighbours {
  double before2, before, here, after, after2;
};

Neighbours neighbours(const Knots& knots, std::size_t i) {
  const double here = knots.slope(i).value_or(0);
  const auto earlier = [&](std::size_t n) { return i >= n ? knots.slope(i - n) : std::nullopt; };
  const double before = earlier(1).value_or(here), after = knots.slope(i + 1).value_or(here);
  return {earlier(1) ? earlier(2).value_or(before) : before, before, here, after,
          knots.slope(i + 1) ? knots.slope(i + 2).value_or(after) : after};
}

double clamp01(double x) {
  return std::clamp(x, 0.0, 1.0);
}

// How long the power must have been at `other` to make up the energy of the segment.
double excursion_seconds(const Segment& s, double other) {
  const double level = (s.level_in + s.level_out) / 2;
  if (other == level) return s.seconds;
  return std::clamp((s.joules - level * s.seconds) / (other - level), 0.0, s.seconds);
}

void find_kind(Segment& s, const Neighbours& p, const Levels& level) {
  const double least = std::min(s.level_in, s.level_out), most = std::max(s.level_in, s.level_out);
  if (p.here < least) {
    s.kind = Segment::Kind::Excursion;
    s.excursion_seconds = excursion_seconds(s, std::min(level.floor, p.here));
  } else if (p.here > most && most - least <= std::max(s.noise, kAlike * (p.here - most))) {
    s.kind = Segment::Kind::Excursion;
    s.excursion_seconds = excursion_seconds(s, std::max(level.ceiling, p.here));
  } else if (s.level_out > s.level_in) {
    s.kind = Segment::Kind::Rise;
    s.steep = std::max(p.here, p.after + kSteepening * std::abs(p.after - p.after2));
    if (p.here > s.level_out || p.after > p.after2 + s.noise) s.steep = std::max(s.steep, level.ceiling);
  } else if (s.level_out < s.level_in) {
    s.kind = Segment::Kind::Fall;
    s.steep = std::max(p.here, p.before + kSteepening * std::abs(p.before - p.before2));
    if (p.here > s.level_in || p.before > p.before2 + s.noise) s.steep = std::max(s.steep, level.ceiling);
  }
}

double excursion_curve(const Segment& s, double tau) {
  // A window may end where the excursion begins or begin where it ends; where that is within the segment is
  // open.
  const double margin = std::min(s.excursion_seconds, s.seconds - s.excursion_seconds);
  if (tau <= margin) return s.level_in * tau;
  const double first = std::min(s.joules, s.level_in * margin);
  const double last = std::max(first, s.joules - s.level_out * margin);
  if (tau >= s.seconds - margin) return std::max(last, s.joules - s.level_out * (s.seconds - tau));
  return first + (last - first) * (tau - margin) / (s.seconds - 2 * margin);
}

// Joules since the begin of the segment. On the low side of a step the power is known best, and an error of
// the time costs least: its line holds until the other side contradicts it for all times of the knots.
double curve(const Segment& s, double tau) {
  const double line = std::clamp(s.watts * tau, 0.0, s.joules);
  double joules = line;
  switch (s.kind) {
    case Segment::Kind::Flat:
      return line;
    case Segment::Kind::Rise:
      joules = std::max(s.level_in * tau, s.joules - s.steep * (s.seconds + s.slack - tau));
      break;
    case Segment::Kind::Fall:
      joules = std::min(s.joules - s.level_out * (s.seconds - tau), s.steep * (tau + s.slack));
      break;
    case Segment::Kind::Excursion:
      joules = excursion_curve(s, tau);
      break;
  }
  const double share = s.certain * (1 - kLinearShare);
  return (1 - share) * line + share * std::clamp(joules, 0.0, s.joules);
}

// Whether the step of a segment may in truth lie beyond its high end, so that its curve goes on there.
bool reaches_out(const Segment& s, Segment::Kind kind, double beyond) {
  const double low = kind == Segment::Kind::Rise ? s.level_in : s.level_out;
  return s.kind == kind && s.certain > 0.9 && beyond > s.watts + s.noise && s.watts > low + s.noise;
}

double slack_of(const Point& p) {
  return static_cast<double>(std::min({p.spread, p.before, p.after}));
}

}  // namespace

std::size_t Knots::find(Instant t) const {
  std::size_t low = 0, high = size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if ((*this)[middle].at <= t)
      low = middle + 1;
    else
      high = middle;
  }
  return low - 1;
}

std::optional<double> Knots::slope(std::size_t i) const {
  if (i + 1 >= size()) return std::nullopt;
  for (std::size_t n = 1; n <= stride_; ++n) {
    if (points_[first_ + i * stride_ + n].gap) return std::nullopt;
  }
  const Point &from = (*this)[i], &to = (*this)[i + 1];
  return (to.joules - from.joules) / to_seconds(to.at - from.at);
}

double scatter(const Knots& knots, std::size_t i, std::size_t lag) {
  std::array<double, kScatterMemory> values{};
  std::size_t n = 0;
  for (std::size_t k = i >= kScatterMemory ? i - kScatterMemory + 1 : 1; k <= i; ++k) {
    if (k < lag) continue;
    const auto before = knots.slope(k - lag), here = knots.slope(k), after = knots.slope(k + lag);
    if (before && here && after) values[n++] = std::abs(*here - (*before + *after) / 2);
  }
  if (n == 0) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(n / 2);
  std::nth_element(values.begin(), middle, values.begin() + static_cast<std::ptrdiff_t>(n));
  return kMadToDeviation * *middle / std::sqrt(1.5);
}

Segment describe_segment(const Knots& knots, std::size_t i) {
  const Neighbours p = neighbours(knots, i);
  Segment s;
  s.seconds = to_seconds(knots[i + 1].at - knots[i].at);
  s.joules = knots[i + 1].joules - knots[i].joules;
  s.watts = p.here;
  s.before = s.level_in = p.before;
  s.after = s.level_out = p.after;
  s.slack = std::max(slack_of(knots[i]), slack_of(knots[i + 1]));
  s.noise = std::max(kLeastChange * p.here, i > 0 ? scatter(knots, i - 1, 1) : 0.0);
  const double unrest = std::max({p.before2, p.before, p.here, p.after, p.after2}) -
                        std::min({p.before2, p.before, p.here, p.after, p.after2});
  if (unrest <= s.noise) return s;
  const Levels level = levels(knots, i);
  // A neighbour between a fall and a rise holds part of a rest: the power at the knot is that of rest.
  const bool rest_before =
      p.before < p.before2 - s.noise && (p.after > p.here + s.noise || p.here > p.before + s.noise);
  const bool rest_after =
      p.after < p.after2 - s.noise && (p.before > p.here + s.noise || p.here > p.after + s.noise);
  if (rest_before) s.level_in = std::min(p.before, level.floor);
  if (rest_after) s.level_out = std::min(p.after, level.floor);
  const double step = std::max(
      {std::abs(s.level_out - s.level_in), std::abs(p.here - s.level_in), std::abs(p.here - s.level_out)});
  if (step <= s.noise) return s;
  const double quiet = std::min(rest_before ? 0 : std::abs(p.before - p.before2),
                                rest_after ? 0 : std::abs(p.after - p.after2)) /
                       step;
  s.certain =
      clamp01((kUnquiet - quiet) / (kUnquiet - kQuiet)) * clamp01((step - s.noise) / std::max(s.noise, 1e-9));
  find_kind(s, p, level);
  return s;
}

double linear_energy(const Knots& knots, Instant t) {
  const std::size_t i = std::min(knots.find(t), knots.size() - 2);
  return knots[i].joules + knots.slope(i).value_or(0) * to_seconds(t - knots[i].at);
}

double edge_aware_energy(const Knots& knots, Instant t) {
  const std::size_t i = knots.find(t);
  const double tau = to_seconds(t - knots[i].at), left = to_seconds(knots[i + 1].at - t);
  const double watts = knots.slope(i).value_or(0);
  if (i > 0 && tau < slack_of(knots[i]) && knots.slope(i - 1)) {
    const Segment s = describe_segment(knots, i - 1);
    if (reaches_out(s, Segment::Kind::Rise, watts))
      return knots[i - 1].joules + curve(s, to_seconds(t - knots[i - 1].at)) + kLinearShare * watts * tau;
  }
  if (left < slack_of(knots[i + 1]) && knots.slope(i + 1)) {
    const Segment s = describe_segment(knots, i + 1);
    if (reaches_out(s, Segment::Kind::Fall, watts))
      return knots[i + 1].joules + curve(s, -left) - kLinearShare * watts * left;
  }
  return knots[i].joules + curve(describe_segment(knots, i), tau);
}

}  // namespace ipw::telemetry
