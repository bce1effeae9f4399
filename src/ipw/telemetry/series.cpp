// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/series.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ipw/telemetry/integration.h"

namespace ipw::telemetry {

namespace {

// A counter that repeated itself within this many reads changes less often than it is read.
constexpr int kSlowMemory = 16;
// The value of a baseline may be older than its reading by this, if nobody knows the sensor's period.
constexpr double kUnknownStaleness = 0.1;
// A counter that has not moved for so long, or for so many of its periods, stands still.
constexpr double kStandstill = 1.0, kStandstillPeriods = 5;
// A power sensor that says nothing for longer is not integrated across the silence.
constexpr double kLongestTrapezoid = 2.0;
// An average over the whole period, give or take this share of it, counts as a counter does.
constexpr double kBoxcarTolerance = 0.25;
// A power sensor that repeats its value for so many periods has taken the same value again.
constexpr double kRepeated = 1.5;
// Points beyond these cannot tighten the bounds at an instant in practice.
constexpr std::size_t kNeighbours = 3;
// 95 % of a normal deviate.
constexpr double kNormal = 1.96;

}  // namespace

std::string_view to_string(Rule rule) {
  return rule == Rule::EdgeAware ? "edge-aware" : "interpolated";
}

Series::Series(Domain domain)
    : domain_(std::move(domain)),
      counter_(CounterLimits{domain_.wrap_joules, domain_.cap_watts, domain_.update_seconds}),
      lock_(domain_.update_seconds) {
  const double period = domain_.update_seconds, average = domain_.averaging_seconds;
  boxcar_ = period > 0 && std::abs(average - period) <= kBoxcarTolerance * period;
}

void Series::feed(const Reading& reading) {
  if (last_read_ && reading.mid <= *last_read_) return;
  if (!epoch_) epoch_ = reading.mid;
  if (!seen_ && (reading.energy_joules || reading.power_watts)) {
    integrated_ = !reading.energy_joules;
    seen_ = true;
  }
  if (!integrated_ && reading.energy_joules) feed_counter(reading);
  if (integrated_ && reading.power_watts) feed_power(reading);
}

Point Series::baseline(const Reading& reading) const {
  const double staleness = domain_.update_seconds > 0 ? domain_.update_seconds : kUnknownStaleness;
  return {.at = reading.mid,
          .joules = points_.empty() ? 0 : points_.back().joules,
          .before = static_cast<float>(staleness),
          .after = static_cast<float>(to_seconds(reading.half_width)),
          .spread = static_cast<float>(staleness / 2)};
}

void Series::feed_counter(const Reading& reading) {
  const CounterStep step = counter_.feed(reading.mid, *reading.energy_joules);
  using Kind = CounterStep::Kind;
  switch (step.kind) {
    case Kind::Suspect:
      return;  // not a reading of this counter, as far as is known
    case Kind::First:
      push(baseline(reading));
      break;
    case Kind::UnknownWraps:
      ++faults_.unknown_wraps;
      start_over(reading, reading.mid);
      break;
    case Kind::Reset:
      ++faults_.resets;
      start_over(reading, step.restart);
      last_read_ = step.restart;
      push_change(reading, step.joules);
      break;
    case Kind::Glitch:
      ++faults_.glitches;
      [[fallthrough]];
    case Kind::Advance:
    case Kind::Wrap:
      push_change(reading, step.joules);
      break;
  }
  last_read_ = reading.mid;
  last_half_width_ = static_cast<float>(to_seconds(reading.half_width));
}

// The energy up to an instant is unknown.
void Series::start_over(const Reading& reading, Instant at) {
  Point point = baseline(reading);
  point.at = at;
  push(point);
  points_.mark_gap();
  lock_.clear();
}

void Series::push_change(const Reading& reading, double joules) {
  if (joules <= 0) {
    reads_since_unchanged_ = 0;
    return;
  }
  // The counter took its new value after the last read that showed the old one, and before this read.
  const double half_width = to_seconds(reading.half_width);
  const double now = to_seconds(reading.mid - *epoch_);
  double before = to_seconds(reading.mid - *last_read_) + static_cast<double>(last_half_width_);
  if (domain_.update_seconds > 0) before = std::min(before, domain_.update_seconds + half_width);
  const TimeRange certain{now - before, now + half_width};
  // A counter slower than the reads took it anywhere in between, and on the grid of its period. Of a faster
  // one whose period is unknown, only the reading itself is sure.
  const bool slow = reads_since_unchanged_ < kSlowMemory || domain_.update_seconds > 0;
  if (reads_since_unchanged_ < kSlowMemory) ++reads_since_unchanged_;
  const bool one_update =
      domain_.update_seconds <= 0 || to_seconds(reading.mid - *last_read_) < domain_.update_seconds;
  const TimeRange believed = slow && one_update ? lock_.feed(certain) : certain;
  const double at = slow ? believed.middle() : now;
  push({.at = reading.mid - Nanoseconds(std::llround((now - at) * 1e9)),
        .joules = points_.back().joules + joules,
        .before = static_cast<float>(at - certain.low),
        .after = static_cast<float>(certain.high - at),
        .spread = static_cast<float>(believed.half())});
}

void Series::feed_power(const Reading& reading) {
  const double watts = *reading.power_watts;
  if (!std::isfinite(watts) || watts < 0 || watts > domain_.cap_watts) return;
  const double period = domain_.update_seconds, now = to_seconds(reading.mid - *epoch_);
  const double half_width = to_seconds(reading.half_width);
  if (period <= 0) {
    feed_update({now - half_width, now + half_width}, reading.half_width, watts);
  } else if (points_.empty()) {
    feed_update({now - period, now}, reading.half_width, watts);
  } else if (watts != last_watts_) {
    const double earlier = to_seconds(*last_read_ - *epoch_);
    const TimeRange change{std::max(earlier, now - period), now};
    feed_update(now - earlier < period ? lock_.feed(change) : change, reading.half_width, watts);
  } else if (const double since =
                 to_seconds(reading.mid - points_.back().at) - (boxcar_ ? 0 : domain_.averaging_seconds / 2);
             since > kRepeated * period) {
    const double spread = static_cast<double>(points_.back().spread), again = now - since + period;
    feed_update({again - spread, again + spread}, reading.half_width, watts);
  }
  last_watts_ = watts;
  last_read_ = reading.mid;
}

// A power sensor has taken a new value: the mean over the seconds before.
void Series::feed_update(TimeRange updated, Nanoseconds half_width, double watts) {
  const double shift = boxcar_ ? 0 : domain_.averaging_seconds / 2;
  const float spread = static_cast<float>(updated.half() + to_seconds(half_width));
  Point point{.at = *epoch_ + from_seconds(updated.middle() - shift),
              .before = spread,
              .after = spread,
              .spread = spread,
              .watts = static_cast<float>(watts)};
  if (!points_.empty()) {
    const Point& last = points_.back();
    const double seconds = to_seconds(point.at - last.at);
    if (seconds <= 0) return;
    point.joules = last.joules;
    point.gap = seconds > std::max(kLongestTrapezoid, 3 * domain_.update_seconds);
    if (point.gap) ++faults_.gaps;
    const bool missed = boxcar_ && seconds > kRepeated * domain_.update_seconds;
    const double mean = boxcar_ && !missed ? watts : (static_cast<double>(last.watts) + watts) / 2;
    if (!point.gap) point.joules += mean * seconds;
  }
  push(point);
}

void Series::push(Point point) {
  if (!points_.empty() && point.at <= points_.back().at) point.at = points_.back().at + Nanoseconds(1);
  points_.push(point);
  if (!trapezoid()) examination_.examine(points_);
}

bool Series::settled(Instant t) const {
  if (points_.empty() || !last_read_) return false;
  const std::size_t later = points_.size() - points_.count_until(t - Nanoseconds(1));
  if (later >= (trapezoid() ? 1 : kStencil)) return true;
  const double wait = std::max(kStandstill, kStandstillPeriods * domain_.update_seconds);
  return *last_read_ >= t + from_seconds(wait + domain_.averaging_seconds);
}

std::optional<std::string> Series::why_unknown(Instant t) const {
  if (points_.empty()) return "no reading has arrived";
  if (t < points_.first_at()) {
    return fmt::format("the window begins {:.3f} s before the oldest reading that is kept",
                       to_seconds(points_.first_at() - t));
  }
  const Instant last = known_until();
  if (t > last) return fmt::format("the window ends {:.3f} s after the last reading", to_seconds(t - last));
  return std::nullopt;
}

double Series::power_before(std::size_t i) const {
  const double seconds = to_seconds(points_[i].at - points_[i - 1].at);
  return (points_[i].joules - points_[i - 1].joules) / seconds;
}

// Not moved since the last point: at most one more step of the same size.
double Series::extrapolate(std::size_t last, Instant t) const {
  const Point& from = points_[last];
  if (last == 0 || from.gap || integrated_) return from.joules;
  return from.joules +
         std::min(power_before(last) * to_seconds(t - from.at), from.joules - points_[last - 1].joules);
}

double Series::estimate(std::size_t i, Instant t, Rule rule) const {
  if (i + 1 == points_.size()) return extrapolate(i, t);
  const Point &from = points_[i], &to = points_[i + 1];
  if (to.gap) return from.joules;
  if (trapezoid()) return from.joules + trapezoid_joules(from, to, t);
  const Knots knots(points_);
  return rule == Rule::Linear ? linear_energy(knots, t) : edge_aware_energy(knots, t);
}

EnergyAt Series::at(Instant t, Rule rule) const {
  const std::size_t i = points_.count_until(t) - 1;
  const double joules = estimate(i, t, rule);
  if (integrated_) return {joules, joules, joules};
  EnergyAt out{joules, 0,
               points_.back().joules + domain_.cap_watts * to_seconds(*last_read_ - points_.first_at())};
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

bool Series::between_knots(Instant t) const {
  const std::size_t n = points_.count_until(t);
  return n > 0 && n < points_.size() && !points_[n].gap;
}

double Series::counter_variance(Instant begin, Instant end, Rule rule) const {
  const Knots knots(points_);
  const bool linear = rule == Rule::Linear;
  const Edge a = describe_edge(knots, begin, linear), b = describe_edge(knots, end, linear);
  const double factor = examination_.factor() / kNormal, step = domain_.step_joules;
  double variance = factor * factor * shape_variance(a, b) + timing_variance(a, b) + step * step / 6;
  if (boxcar_)
    variance += reading_variance(points_, points_.count_until(end)) * domain_.update_seconds *
                to_seconds(end - begin);
  return variance;
}

Deviation Series::deviation(Instant begin, Instant end, Rule rule) const {
  const double gap = gap_seconds(begin, end), unknown = domain_.cap_watts * gap;
  if (trapezoid()) {
    const double variance = trapezoid_variance(points_, begin, end, domain_.averaging_seconds);
    return {kNormal * std::sqrt(variance) + unknown, {}, {}};
  }
  const EnergyAt a = at(begin, rule), b = at(end, rule);
  const double joules = b.joules - a.joules;
  Deviation out;
  double most = domain_.cap_watts * to_seconds(end - begin);
  if (!integrated_) {
    // Every joule between the bounds of both edges is possible, but none below zero and none above P_cap.
    out.low = std::max(0.0, b.low - a.high);
    out.high = std::min(b.high - a.low + unknown, most);
    most = std::max({0.0, *out.high - joules, joules - *out.low});
  }
  if (!between_knots(begin) || !between_knots(end)) {
    out.half_width = most;
  } else {
    out.half_width = std::min(most, kNormal * std::sqrt(counter_variance(begin, end, rule)) + unknown);
  }
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

}  // namespace ipw::telemetry
