// SPDX-License-Identifier: Apache-2.0
#include <cassert>
#include <cmath>

#include "ipw/stats/stats.h"

namespace ipw::stats {
namespace {

double mean(std::span<const double> values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

/// Intervals of slope and intercept (Draper and Smith, Applied Regression Analysis, 1.4).
void add_intervals(Line& line, double residual_squares, double x_squares, double x_mean) {
  if (line.n < 3) return;
  const auto n = static_cast<double>(line.n);
  const double t = student_t_quantile(0.975, n - 2);
  const double spread = std::sqrt(residual_squares / (n - 2));
  const double slope = t * spread / std::sqrt(x_squares);
  const double intercept = t * spread * std::sqrt(1 / n + x_mean * x_mean / x_squares);
  line.slope_interval = {line.slope - slope, line.slope + slope};
  line.intercept_interval = {line.intercept - intercept, line.intercept + intercept};
}

}  // namespace

std::optional<Line> least_squares(std::span<const double> x, std::span<const double> y) {
  assert(x.size() == y.size());
  if (x.size() < 2) return std::nullopt;
  const double x_mean = mean(x), y_mean = mean(y);
  double xx = 0, xy = 0, yy = 0;
  bool distinct = false;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double dx = x[i] - x_mean, dy = y[i] - y_mean;
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
    distinct = distinct || x[i] != x[0];
  }
  if (!distinct || xx == 0) return std::nullopt;
  Line line;
  line.n = x.size();
  line.slope = xy / xx;
  line.intercept = y_mean - line.slope * x_mean;
  double residuals = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double r = y[i] - (line.intercept + line.slope * x[i]);
    residuals += r * r;
  }
  line.r2 = yy == 0 ? 1.0 : 1 - residuals / yy;
  add_intervals(line, residuals, xx, x_mean);
  return line;
}

}  // namespace ipw::stats
