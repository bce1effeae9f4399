// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cassert>
#include <cmath>

#include "ipw/stats/stats.h"

namespace ipw::stats {
namespace {

/// Sum with the rounding error carried along (Neumaier 1974), so that order does not matter in what is
/// printed.
double exact_sum(std::span<const double> values) {
  double sum = 0, lost = 0;
  for (const double v : values) {
    const double next = sum + v;
    lost += std::abs(sum) >= std::abs(v) ? (sum - next) + v : (v - next) + sum;
    sum = next;
  }
  return sum + lost;
}

}  // namespace

std::optional<Summary> summarize(std::span<const double> values) {
  if (values.empty()) return std::nullopt;
  const auto n = static_cast<double>(values.size());
  Summary s{.n = values.size(), .mean = exact_sum(values) / n, .median = *quantile(values, 0.5)};
  const auto [min, max] = std::ranges::minmax(values);
  s.min = min;
  s.max = max;
  s.mean = std::clamp(s.mean, min, max);
  if (values.size() > 1) {
    double squares = 0;
    for (const double v : values) squares += (v - s.mean) * (v - s.mean);
    s.stddev = std::sqrt(squares / (n - 1));
  }
  return s;
}

std::optional<double> quantile(std::span<const double> values, double p) {
  assert(p >= 0 && p <= 1);
  if (values.empty()) return std::nullopt;
  std::vector<double> sorted(values.begin(), values.end());
  const double place = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(std::floor(place));
  const auto middle = sorted.begin() + below;
  std::nth_element(sorted.begin(), middle, sorted.end());
  if (middle + 1 == sorted.end()) return *middle;
  const double above = *std::min_element(middle + 1, sorted.end());
  return std::lerp(*middle, above, place - static_cast<double>(below));
}

}  // namespace ipw::stats
