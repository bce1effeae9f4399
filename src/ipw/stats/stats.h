// SPDX-License-Identifier: Apache-2.0
// Statistics as pure functions. What has no value (empty samples, zero variance) is absent, never NaN.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace ipw::stats {

struct Summary {
  std::size_t n = 0;
  double mean = 0, median = 0, min = 0, max = 0;
  double stddev = 0;  ///< sample standard deviation (n - 1); 0 for one value
};
/// Describe a sample; absent when it is empty. Values must be finite.
std::optional<Summary> summarize(std::span<const double> values);

/// Describe values that come one after another and are not kept: all of Summary but the median. The sum
/// carries its rounding error along (Neumaier 1974), the spread is Welford's (1962). Values must be finite.
class Moments {
 public:
  void add(double value);
  std::size_t n() const { return n_; }
  double mean() const;    ///< needs a value
  double stddev() const;  ///< sample standard deviation (n - 1); 0 for one value
  double min() const { return min_; }
  double max() const { return max_; }

 private:
  std::size_t n_ = 0;
  double sum_ = 0, lost_ = 0, running_mean_ = 0, squares_ = 0, min_ = 0, max_ = 0;
};

/// Quantile of type 7 (linear interpolation at p(n-1); Hyndman and Fan 1996), p in [0,1]. Absent when empty.
std::optional<double> quantile(std::span<const double> values, double p);

struct Interval {
  double low = 0, high = 0;
};

/// Wilson score interval of a proportion (Wilson 1927). Absent when n is 0.
std::optional<Interval> wilson(std::size_t successes, std::size_t n, double confidence = 0.95);
/// Interval of a mean by Student's t. Absent for n < 2.
std::optional<Interval> mean_interval(std::span<const double> values, double confidence = 0.95);
std::optional<Interval> mean_interval(const Moments& moments, double confidence = 0.95);

/// Percentile bootstrap of any statistic of rows 0..n-1; whole clusters are drawn when cluster ids are given.
/// The statistic gets the drawn row numbers and may be absent for a draw. Deterministic by seed.
/// Absent when fewer than two rows (or clusters) exist or most draws have no value.
std::optional<Interval> bootstrap(
    std::size_t n, const std::function<std::optional<double>(std::span<const std::uint32_t>)>& statistic,
    std::uint64_t seed, std::size_t draws = 2000, double confidence = 0.95,
    std::span<const std::uint32_t> clusters = {});

/// Interval of a mean by the percentile bootstrap; absent for n < 2.
std::optional<Interval> bootstrap_mean_interval(std::span<const double> values, std::uint64_t seed,
                                                std::size_t draws = 2000, double confidence = 0.95);
/// Interval of mean(a)/mean(b) over paired rows, by paired bootstrap (one draw keeps a row's a and b
/// together).
std::optional<Interval> ratio_of_means_interval(std::span<const double> a, std::span<const double> b,
                                                std::uint64_t seed, std::size_t draws = 2000,
                                                double confidence = 0.95);

struct Line {
  double slope = 0, intercept = 0, r2 = 0;
  std::size_t n = 0;
  /// 95 % by Student's t with n - 2 degrees of freedom (normal errors of equal spread); absent for n < 3.
  std::optional<Interval> slope_interval, intercept_interval;
};
/// Ordinary least squares over pairs; absent with fewer than two points or two distinct x. r2 is 1 when y
/// does not vary.
std::optional<Line> least_squares(std::span<const double> x, std::span<const double> y);
/// Give each pair to `take`, the same ones in the same order each time.
using Pairs = std::function<void(const std::function<void(double x, double y)>& take)>;
/// The same over pairs that are not in memory; they are gone through three times.
std::optional<Line> least_squares(const Pairs& pairs);

/// Quantiles of the standard normal and of Student's t; p lies inside (0,1), degrees of freedom are positive.
double normal_quantile(double p);
double student_t_quantile(double p, double degrees_of_freedom);

/// Gaussian kernel density with bandwidth 0.9 s n^(-1/5) (Silverman 1986), where s is the smaller of the
/// standard deviation and IQR/1.349 (the former where the latter is 0), on `points` places from the smallest
/// to the largest value. Absent when fewer than two values or no variation.
struct Density {
  std::vector<double> x, y;
  double bandwidth = 0;
};
std::optional<Density> kernel_density(std::span<const double> values, std::size_t points = 512);

}  // namespace ipw::stats
