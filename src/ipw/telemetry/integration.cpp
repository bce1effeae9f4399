// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/integration.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace ipw::telemetry {

namespace {

// Readings whose quiet stretches tell the noise of the sensor itself.
constexpr std::size_t kNoiseMemory = 256;
constexpr double kQuietShare = 0.2;
// Deviation at an edge, as a share of the range of the power around it times the time that is not resolved.
constexpr double kBetweenReadings = 0.13, kWithinAverage = 0.055;

double watts(const PointRing& points, std::size_t i) {
  return static_cast<double>(points[i].watts);
}

double step(const PointRing& points, std::size_t i) {
  return watts(points, i + 1) - watts(points, i);
}

double square(double x) {
  return x * x;
}

// Around an instant: the highest reading less the lowest, over a reach on either side.
double range_around(const PointRing& points, Instant t, double reach) {
  const std::size_t middle = points.count_until(t);
  const auto far = from_seconds(reach);
  double low = INFINITY, high = -INFINITY;
  const auto take = [&](std::size_t i) {
    low = std::min(low, watts(points, i));
    high = std::max(high, watts(points, i));
  };
  for (std::size_t i = middle; i-- > 0;) {
    take(i);
    if (points[i].at < t - far) break;
  }
  for (std::size_t i = middle; i < points.size(); ++i) {
    take(i);
    if (points[i].at > t + far) break;
  }
  return std::max(0.0, high - low);
}

double edge_variance(const PointRing& points, Instant t, double period, double averaging) {
  const double unseen = kBetweenReadings * std::max(0.0, period - averaging);
  return square(range_around(points, t, period) * unseen) +
         square(range_around(points, t, averaging) * kWithinAverage * averaging);
}

}  // namespace

double reading_variance(const PointRing& points, std::size_t last) {
  std::vector<double> values;
  const std::size_t first = last > kNoiseMemory ? last - kNoiseMemory : 1;
  for (std::size_t i = std::max<std::size_t>(first, 1); i + 1 <= last && i + 1 < points.size(); ++i) {
    if (points[i].gap || points[i + 1].gap) continue;
    const double bend = watts(points, i) - (watts(points, i - 1) + watts(points, i + 1)) / 2;
    values.push_back(bend * bend / 1.5);
  }
  if (values.empty()) return 0;
  const auto nth =
      values.begin() + static_cast<std::ptrdiff_t>(kQuietShare * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), nth, values.end());
  // A fifth of the squares of a normal deviate lie below 0.064 times its variance.
  return *nth / 0.064;
}

double trapezoid_joules(const Point& from, const Point& to, Instant t) {
  const double seconds = to_seconds(to.at - from.at), tau = to_seconds(t - from.at);
  const double slope = (static_cast<double>(to.watts) - static_cast<double>(from.watts)) / seconds;
  return tau * (static_cast<double>(from.watts) + slope * tau / 2);
}

namespace {

// The readings are late by an unknown time: what is gained at one end is lost at the other.
double timing_variance(const PointRing& points, Instant begin, Instant end) {
  const auto mean = [&](Instant t) {
    const std::size_t i = std::clamp<std::size_t>(points.count_until(t), 1, points.size() - 1);
    return (watts(points, i - 1) + watts(points, i)) / 2;
  };
  return square((mean(end) - mean(begin)) * static_cast<double>(points.back().spread)) / 3;
}

}  // namespace

double trapezoid_variance(const PointRing& points, Instant begin, Instant end, double averaging) {
  double variance = 0, period = 0;
  const std::size_t first = std::max<std::size_t>(points.count_until(begin), 1);
  const std::size_t last = std::min(points.count_until(end) + 1, points.size());
  const double noise = reading_variance(points, last - 1);
  for (std::size_t i = first; i < last; ++i) {
    if (points[i].gap) continue;
    const double seconds = to_seconds(points[i].at - points[i - 1].at);
    const double inside =
        to_seconds(std::min(end, points[i].at) - std::max(begin, points[i - 1].at)) / seconds;
    period = std::max(period, seconds);
    // A step anywhere between two readings, and power that goes up and down from reading to reading.
    const double here = step(points, i - 1), next = i + 1 < points.size() ? step(points, i) : here;
    const double unseen = std::clamp(1 - averaging / seconds, 0.0, 1.0);
    const double shape = here * here / 12 + std::max(0.0, -here * next) * 5 / 6;
    variance += inside * square(seconds) * (unseen * shape + noise);
  }
  return variance + edge_variance(points, begin, period, averaging) +
         edge_variance(points, end, period, averaging) + timing_variance(points, begin, end);
}

}  // namespace ipw::telemetry
