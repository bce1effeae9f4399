// SPDX-License-Identifier: Apache-2.0
#include <cassert>
#include <cmath>

#include "ipw/stats/stats.h"

namespace ipw::stats {
namespace {

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

std::optional<Line> least_squares(const Pairs& pairs) {
  Line line;
  double x_sum = 0, y_sum = 0, x_first = 0;
  bool distinct = false;
  pairs([&](double x, double y) {
    if (line.n++ == 0) x_first = x;
    distinct = distinct || x != x_first;
    x_sum += x;
    y_sum += y;
  });
  if (line.n < 2 || !distinct) return std::nullopt;
  const double x_mean = x_sum / static_cast<double>(line.n), y_mean = y_sum / static_cast<double>(line.n);
  double xx = 0, xy = 0, yy = 0, residuals = 0;
  pairs([&](double x, double y) {
    const double dx = x - x_mean, dy = y - y_mean;
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  });
  if (xx == 0) return std::nullopt;
  line.slope = xy / xx;
  line.intercept = y_mean - line.slope * x_mean;
  pairs([&](double x, double y) {
    const double r = y - (line.intercept + line.slope * x);
    residuals += r * r;
  });
  line.r2 = yy == 0 ? 1.0 : 1 - residuals / yy;
  add_intervals(line, residuals, xx, x_mean);
  return line;
}

std::optional<Line> least_squares(std::span<const double> x, std::span<const double> y) {
  assert(x.size() == y.size());
  return least_squares([&](const std::function<void(double, double)>& take) {
    for (std::size_t i = 0; i < x.size(); ++i) take(x[i], y[i]);
  });
}

}  // namespace ipw::stats
