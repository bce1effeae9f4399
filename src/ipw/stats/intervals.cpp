// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cassert>
#include <cmath>

#include "ipw/stats/stats.h"

namespace ipw::stats {

std::optional<Interval> wilson(std::size_t successes, std::size_t n, double confidence) {
  assert(successes <= n);
  if (n == 0) return std::nullopt;
  const double z = normal_quantile(0.5 + confidence / 2);
  const auto count = static_cast<double>(n);
  const double p = static_cast<double>(successes) / count;
  const double shrink = 1 + z * z / count;
  const double centre = (p + z * z / (2 * count)) / shrink;
  const double half = z * std::sqrt(p * (1 - p) / count + z * z / (4 * count * count)) / shrink;
  // Exactly 0 and 1 at the ends, where rounding would leave a trace.
  return Interval{successes == 0 ? 0.0 : std::max(0.0, centre - half),
                  successes == n ? 1.0 : std::min(1.0, centre + half)};
}

namespace {

std::optional<Interval> student_interval(std::size_t count, double mean, double stddev, double confidence) {
  if (count < 2) return std::nullopt;
  const auto n = static_cast<double>(count);
  const double half = student_t_quantile(0.5 + confidence / 2, n - 1) * stddev / std::sqrt(n);
  return Interval{mean - half, mean + half};
}

}  // namespace

std::optional<Interval> mean_interval(std::span<const double> values, double confidence) {
  const auto sample = summarize(values);
  if (!sample) return std::nullopt;
  return student_interval(sample->n, sample->mean, sample->stddev, confidence);
}

std::optional<Interval> mean_interval(const Moments& moments, double confidence) {
  if (moments.n() == 0) return std::nullopt;
  return student_interval(moments.n(), moments.mean(), moments.stddev(), confidence);
}

}  // namespace ipw::stats
