// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

#include "ipw/stats/stats.h"

namespace ipw::stats {
namespace {

/// Silverman's rule: the smaller of s and IQR/1.349, whichever is positive.
double bandwidth_of(std::span<const double> values, const Summary& sample) {
  const double iqr = (*quantile(values, 0.75) - *quantile(values, 0.25)) / 1.349;
  const double spread = iqr > 0 ? std::min(sample.stddev, iqr) : sample.stddev;
  return 0.9 * spread * std::pow(static_cast<double>(sample.n), -0.2);
}

double density_at(std::span<const double> values, double place, double bandwidth) {
  double sum = 0;
  for (const double v : values) {
    const double z = (place - v) / bandwidth;
    sum += std::exp(-0.5 * z * z);
  }
  return sum / (static_cast<double>(values.size()) * bandwidth * std::sqrt(2 * std::numbers::pi));
}

}  // namespace

std::optional<Density> kernel_density(std::span<const double> values, std::size_t points) {
  assert(points >= 2);
  const auto sample = summarize(values);
  if (!sample || sample->n < 2 || !(sample->stddev > 0)) return std::nullopt;
  Density out{.x = {}, .y = {}, .bandwidth = bandwidth_of(values, *sample)};
  for (std::size_t i = 0; i < points; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(points - 1);
    out.x.push_back(std::lerp(sample->min, sample->max, share));
    out.y.push_back(density_at(values, out.x.back(), out.bandwidth));
  }
  return out;
}

}  // namespace ipw::stats
