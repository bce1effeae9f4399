// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cassert>
#include <cmath>

#include "ipw/stats/stats.h"

namespace ipw::stats {
void Moments::add(double v) {
  const double next = sum_ + v;
  lost_ += std::abs(sum_) >= std::abs(v) ? (sum_ - next) + v : (v - next) + sum_;
  sum_ = next;
  min_ = n_ == 0 ? v : std::min(min_, v);
  max_ = n_ == 0 ? v : std::max(max_, v);
  ++n_;
  const double before = v - running_mean_;
  running_mean_ += before / static_cast<double>(n_);
  squares_ += before * (v - running_mean_);
}

double Moments::mean() const {
  assert(n_ > 0);
  return std::clamp((sum_ + lost_) / static_cast<double>(n_), min_, max_);
}

double Moments::stddev() const {
  return n_ > 1 ? std::sqrt(squares_ / static_cast<double>(n_ - 1)) : 0;
}

std::optional<Summary> summarize(std::span<const double> values) {
  if (values.empty()) return std::nullopt;
  Moments moments;
  for (const double v : values) moments.add(v);
  Summary s{.n = values.size(),
            .mean = moments.mean(),
            .median = *quantile(values, 0.5),
            .min = moments.min(),
            .max = moments.max()};
  if (values.size() > 1) {
    double squares = 0;
    for (const double v : values) squares += (v - s.mean) * (v - s.mean);
    s.stddev = std::sqrt(squares / static_cast<double>(values.size() - 1));
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
