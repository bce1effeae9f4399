// SPDX-License-Identifier: Apache-2.0
// Numbers computed once with SciPy 1.x and NumPy; the call stands beside each.
#include <gtest/gtest.h>

#include <array>

#include "ipw/stats/stats.h"

namespace ipw::stats {
namespace {

constexpr std::array kSample{2.5, 3.1, 4.7, 1.2, 8.8, 6.0, 5.5};
constexpr double kTight = 1e-12;

TEST(Reference, normal_quantiles) {
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, kTight);   // norm.ppf(0.975)
  EXPECT_NEAR(normal_quantile(0.001), -3.090232306167813, kTight);  // norm.ppf(0.001)
}

TEST(Reference, student_t_quantiles) {
  EXPECT_NEAR(student_t_quantile(0.975, 1), 12.706204736174694, 1e-9);    // t.ppf(0.975, 1)
  EXPECT_NEAR(student_t_quantile(0.975, 4), 2.7764451051977934, kTight);  // t.ppf(0.975, 4)
  EXPECT_NEAR(student_t_quantile(0.975, 30), 2.0422724563012378, kTight);
  EXPECT_NEAR(student_t_quantile(0.01, 7.5), -2.9430993234067215, kTight);
}

// binomtest(successes, n).proportion_ci(0.95, 'wilson')
TEST(Reference, wilson_intervals) {
  struct Row {
    std::size_t successes, n;
    double low, high;
  };
  constexpr std::array rows{
      Row{0, 10, 0.0, 0.27753279986288926}, Row{7, 10, 0.39677814746114526, 0.892208732593699},
      Row{10, 10, 0.7224672001371109, 1.0}, Row{81, 263, 0.2552885198782742, 0.36620957698280004},
      Row{1, 1, 0.20654931437723745, 1.0}};
  for (const Row& row : rows) {
    const auto interval = wilson(row.successes, row.n);
    ASSERT_TRUE(interval);
    EXPECT_NEAR(interval->low, row.low, kTight) << row.successes << "/" << row.n;
    EXPECT_NEAR(interval->high, row.high, kTight) << row.successes << "/" << row.n;
  }
}

TEST(Reference, summary_of_a_sample) {
  const auto s = summarize(kSample);
  ASSERT_TRUE(s);
  EXPECT_EQ(s->n, 7u);
  EXPECT_NEAR(s->mean, 4.542857142857143, kTight);     // numpy.mean
  EXPECT_NEAR(s->stddev, 2.5369648157178837, kTight);  // numpy.std(ddof=1)
  EXPECT_EQ(s->median, 4.7);
  EXPECT_EQ(s->min, 1.2);
  EXPECT_EQ(s->max, 8.8);
}

// numpy.quantile(v, p), method 'linear'
TEST(Reference, quantiles_of_type_7) {
  EXPECT_EQ(quantile(kSample, 0), 1.2);
  EXPECT_NEAR(*quantile(kSample, 0.1), 1.98, kTight);
  EXPECT_NEAR(*quantile(kSample, 0.9), 7.12, kTight);
  EXPECT_NEAR(*quantile(kSample, 0.99), 8.632, kTight);
  EXPECT_EQ(quantile(kSample, 1), 8.8);
}

// t.interval(0.95, len(v) - 1, mean(v), sem(v))
TEST(Reference, interval_of_a_mean) {
  const auto interval = mean_interval(kSample);
  ASSERT_TRUE(interval);
  EXPECT_NEAR(interval->low, 2.196556019407987, kTight);
  EXPECT_NEAR(interval->high, 6.889158266306298, kTight);
}

// linregress([1..7], v); intervals with t.ppf(0.975, 5) times stderr and intercept_stderr
TEST(Reference, least_squares_line_with_intervals) {
  constexpr std::array x{1., 2., 3., 4., 5., 6., 7.};
  const auto line = least_squares(x, kSample);
  ASSERT_TRUE(line && line->slope_interval && line->intercept_interval);
  EXPECT_NEAR(line->slope, 0.675, kTight);
  EXPECT_NEAR(line->intercept, 1.842857142857143, kTight);
  EXPECT_NEAR(line->r2, 0.3303584640426161, kTight);
  EXPECT_NEAR(line->slope_interval->low, -0.42978731184819663, 1e-10);
  EXPECT_NEAR(line->slope_interval->high, 1.7797873118481964, 1e-10);
  EXPECT_NEAR(line->intercept_interval->low, -3.0979019170865096, 1e-10);
  EXPECT_NEAR(line->intercept_interval->high, 6.783616202800795, 1e-10);
}

// gaussian_kde(v, bw_method=bandwidth / std(v, ddof=1))(linspace(min, max, 5))
TEST(Reference, kernel_density_with_silverman_bandwidth) {
  const auto density = kernel_density(kSample, 5);
  ASSERT_TRUE(density);
  EXPECT_NEAR(density->bandwidth, 1.3336226649950162, kTight);
  constexpr std::array y{0.0864637656586591, 0.13013788207789154, 0.1381007857259184, 0.08603973703794382,
                         0.049835334929831186};
  for (std::size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(density->y[i], y[i], kTight);
}

}  // namespace
}  // namespace ipw::stats
