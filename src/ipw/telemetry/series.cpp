// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/series.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ipw::telemetry {

namespace {

// A counter that repeated itself within this many reads changes less often than it is read.
constexpr int kSlowMemory = 16;
// The share of the energy that follows the straight line also under the edge-aware rule.
constexpr double kLinearShare = 0.05;
// The value of a baseline may be older than its reading by this, if nobody knows the sensor's period.
constexpr double kUnknownStaleness = 0.1;
constexpr auto kStandstill = std::chrono::seconds(1);
// A power sensor that says nothing for longer is not integrated across the silence.
constexpr double kLongestTrapezoid = 2.0;
// Points beyond these cannot tighten the bounds at an instant in practice.
constexpr std::size_t kNeighbours = 3;

}  // namespace

std::string_view to_string(Rule rule) {
  return rule == Rule::EdgeAware ? "edge-aware" : "interpolated";
}

Series::Series(Domain domain)
    : domain_(std::move(domain)),
      counter_(CounterLimits{domain_.wrap_joules, domain_.cap_watts, domain_.update_seconds}) {}

void Series::feed(const Reading& reading) {
  if (last_read_ && reading.mid <= *last_read_) return;
  if (!seen_ && (reading.energy_joules || reading.power_watts)) {
    integrated_ = !reading.energy_joules;
    seen_ = true;
  }
  if (!integrated_ && reading.energy_joules) feed_counter(reading);
  if (integrated_ && reading.power_watts) feed_power(reading);
}

void Series::feed_counter(const Reading& reading) {
  const CounterStep step = counter_.feed(reading.mid, *reading.energy_joules);
  using Kind = CounterStep::Kind;
  const auto half_width = static_cast<float>(to_seconds(reading.half_width));
  const double staleness = domain_.update_seconds > 0 ? domain_.update_seconds : kUnknownStaleness;
  const Point baseline{reading.mid, points_.empty() ? 0 : points_.back().joules,
                       static_cast<float>(staleness), half_width};
  switch (step.kind) {
    case Kind::Suspect:
      return;  // not a reading of this counter, as far as is known
    case Kind::First:
      push(baseline);
      break;
    case Kind::UnknownWraps:
      ++faults_.unknown_wraps;
      push(baseline);
      points_.mark_gap();
      break;
    case Kind::Reset: {
      ++faults_.resets;
      Point restart = baseline;
      restart.at = step.restart;
      push(restart);
      points_.mark_gap();
      last_read_ = step.restart;
      push_change(reading, step.joules);
      break;
    }
    case Kind::Glitch:
      ++faults_.glitches;
      [[fallthrough]];
    case Kind::Advance:
    case Kind::Wrap:
      push_change(reading, step.joules);
      break;
  }
  last_read_ = reading.mid;
  last_half_width_ = half_width;
}

void Series::push_change(const Reading& reading, double joules) {
  if (joules <= 0) {
    reads_since_unchanged_ = 0;
    return;
  }
  // The counter took its new value after the last read that showed the old one, and before this read.
  const double half_width = to_seconds(reading.half_width);
  double before = to_seconds(reading.mid - *last_read_) + static_cast<double>(last_half_width_);
  if (domain_.update_seconds > 0) before = std::min(before, domain_.update_seconds + half_width);
  // Where exactly is unknown. A counter slower than the reads took it anywhere in between: the middle is
  // unbiased. A faster one took it just now.
  const bool slow = reads_since_unchanged_ < kSlowMemory || domain_.update_seconds > 0;
  if (reads_since_unchanged_ < kSlowMemory) ++reads_since_unchanged_;
  const double shift = slow ? (before - half_width) / 2 : 0;
  push({reading.mid - from_seconds(shift), points_.back().joules + joules, static_cast<float>(before - shift),
        static_cast<float>(half_width + shift)});
}

void Series::feed_power(const Reading& reading) {
  const double watts = *reading.power_watts;
  if (!std::isfinite(watts) || watts < 0 || watts > domain_.cap_watts) return;
  Point point{reading.mid, 0, 0, 0, static_cast<float>(watts)};
  if (!points_.empty()) {
    const double seconds = to_seconds(reading.mid - points_.back().at);
    point.joules = points_.back().joules;
    point.gap = seconds > kLongestTrapezoid;
    if (point.gap)
      ++faults_.gaps;
    else
      point.joules += (static_cast<double>(points_.back().watts) + watts) / 2 * seconds;
  }
  points_.push(point);
  last_read_ = reading.mid;
}

void Series::push(Point point) {
  if (!points_.empty() && point.at <= points_.back().at) point.at = points_.back().at + Nanoseconds(1);
  points_.push(point);
}

bool Series::settled(Instant t) const {
  if (points_.empty() || !last_read_) return false;
  return points_.back().at >= t || *last_read_ >= t + kStandstill;
}

std::optional<std::string> Series::why_unknown(Instant t) const {
  if (points_.empty()) return "no reading has arrived";
  if (t < points_[0].at) {
    return fmt::format("the window begins {:.3f} s before the oldest reading that is kept",
                       to_seconds(points_[0].at - t));
  }
  if (t > *last_read_)
    return fmt::format("the window ends {:.3f} s after the last reading", to_seconds(t - *last_read_));
  return std::nullopt;
}

double Series::power_before(std::size_t i) const {
  const double seconds = to_seconds(points_[i].at - points_[i - 1].at);
  return (points_[i].joules - points_[i - 1].joules) / seconds;
}

double Series::estimate(std::size_t i, Instant t, Rule rule) const {
  const Point& from = points_[i];
  const double tau = to_seconds(t - from.at);
  const bool has_slope = i > 0 && !from.gap;
  if (i + 1 == points_.size()) {  // not moved since: at most one more step of the same size
    if (!has_slope || integrated_) return from.joules;
    return from.joules + std::min(power_before(i) * tau, from.joules - points_[i - 1].joules);
  }
  const Point& to = points_[i + 1];
  if (to.gap) return from.joules;
  const double seconds = to_seconds(to.at - from.at);
  const double whole = to.joules - from.joules;
  if (integrated_) {
    const double slope = (static_cast<double>(to.watts) - static_cast<double>(from.watts)) / seconds;
    return from.joules + tau * (static_cast<double>(from.watts) + slope * tau / 2);
  }
  const double line = whole * tau / seconds;
  if (rule == Rule::Linear || !has_slope) return from.joules + line;
  return from.joules + kLinearShare * line + (1 - kLinearShare) * std::min(power_before(i) * tau, whole);
}

EnergyAt Series::at(Instant t, Rule rule) const {
  const std::size_t i = points_.count_until(t) - 1;
  const double joules = estimate(i, t, rule);
  if (integrated_) return {joules, joules, joules};
  EnergyAt out{joules, 0,
               points_.back().joules + domain_.cap_watts * to_seconds(*last_read_ - points_[0].at)};
  const auto narrow = [&](const Point& p) {
    const double early = to_seconds(p.at - t) + static_cast<double>(p.after);
    const double late = to_seconds(t - p.at) + static_cast<double>(p.before);
    out.low = std::max(out.low, p.joules - domain_.cap_watts * std::max(0.0, early));
    out.high = std::min(out.high, p.joules + domain_.cap_watts * std::max(0.0, late));
  };
  // Beyond a gap the sums lack an unknown amount, so nothing follows from them here.
  for (std::size_t k = i, n = 0; n < kNeighbours; --k, ++n) {
    narrow(points_[k]);
    if (k == 0 || points_[k].gap) break;
  }
  for (std::size_t k = i + 1, n = 0; n < kNeighbours && k < points_.size() && !points_[k].gap; ++k, ++n)
    narrow(points_[k]);
  out.joules = std::clamp(joules, out.low, std::max(out.low, out.high));
  return out;
}

double Series::gap_seconds(Instant begin, Instant end) const {
  double sum = 0;
  for (std::size_t i = std::max<std::size_t>(points_.count_until(begin), 1); i < points_.size(); ++i) {
    const Instant from = std::max(begin, points_[i - 1].at);
    if (from >= end) break;
    if (points_[i].gap) sum += to_seconds(std::min(end, points_[i].at) - from);
  }
  return sum;
}

double Series::integration_deviation(Instant begin, Instant end) const {
  if (!integrated_) return 0;
  // Between two readings the power may follow any path; a uniform error of half the step times the time is
  // assumed.
  double variance = 0;
  for (std::size_t i = std::max<std::size_t>(points_.count_until(begin), 1); i < points_.size(); ++i) {
    if (points_[i - 1].at >= end) break;
    const double step = static_cast<double>(points_[i].watts) - static_cast<double>(points_[i - 1].watts);
    const double error = step / 2 * to_seconds(points_[i].at - points_[i - 1].at);
    if (!points_[i].gap) variance += error * error / 3;
  }
  return std::sqrt(variance);
}

}  // namespace ipw::telemetry
