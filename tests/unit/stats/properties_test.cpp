// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "ipw/stats/random.h"
#include "ipw/stats/stats.h"

namespace ipw::stats {
namespace {

std::vector<double> uniform_sample(Random& random, std::size_t n) {
  std::vector<double> out(n);
  for (auto& v : out) v = random.uniform() * 100 - 50;
  return out;
}

/// Marsaglia's polar method, so that the normal numbers are ours on every machine.
double normal(Random& random) {
  for (;;) {
    const double u = 2 * random.uniform() - 1, v = 2 * random.uniform() - 1, s = u * u + v * v;
    if (s > 0 && s < 1) return u * std::sqrt(-2 * std::log(s) / s);
  }
}

TEST(Quantile, grows_with_p_and_stays_within_the_sample) {
  Random random(1);
  for (std::size_t n = 1; n < 40; ++n) {
    const auto sample = uniform_sample(random, n);
    double last = *std::ranges::min_element(sample);
    for (int i = 0; i <= 20; ++i) {
      const double q = *quantile(sample, i / 20.0);
      EXPECT_GE(q, last);
      last = q;
    }
    EXPECT_EQ(last, *std::ranges::max_element(sample));
  }
}

TEST(Summary, does_not_depend_on_the_order) {
  Random random(2);
  auto sample = uniform_sample(random, 101);
  const auto before = summarize(sample);
  std::ranges::reverse(sample);
  const auto after = summarize(sample);
  EXPECT_DOUBLE_EQ(before->mean, after->mean);
  EXPECT_EQ(before->median, after->median);
  EXPECT_NEAR(before->stddev, after->stddev, 1e-12);
}

TEST(Summary, of_equal_values_has_no_spread) {
  const std::vector<double> sample(7, 0.1);
  const auto s = summarize(sample);
  EXPECT_EQ(s->mean, 0.1);
  EXPECT_EQ(s->stddev, 0);
}

TEST(Summary, of_one_value_has_spread_zero) {
  EXPECT_EQ(summarize(std::vector{3.0})->stddev, 0);
}

TEST(Absent, empty_samples_have_no_statistics) {
  const std::vector<double> none;
  EXPECT_FALSE(summarize(none));
  EXPECT_FALSE(quantile(none, 0.5));
  EXPECT_FALSE(wilson(0, 0));
  EXPECT_FALSE(mean_interval(none));
  EXPECT_FALSE(least_squares(none, none));
  EXPECT_FALSE(kernel_density(none));
}

TEST(Absent, one_value_has_no_interval) {
  EXPECT_FALSE(mean_interval(std::vector{1.0}));
  EXPECT_FALSE(bootstrap_mean_interval(std::vector{1.0}, 1));
}

TEST(LeastSquares, needs_two_distinct_x) {
  EXPECT_FALSE(least_squares(std::vector{0.1, 0.1, 0.1}, std::vector{1.0, 2.0, 3.0}));
}

TEST(LeastSquares, r2_is_one_when_y_does_not_vary) {
  const auto line = least_squares(std::vector{1.0, 2.0, 3.0}, std::vector{5.0, 5.0, 5.0});
  EXPECT_EQ(line->r2, 1);
  EXPECT_EQ(line->slope, 0);
  EXPECT_EQ(line->intercept, 5);
}

TEST(LeastSquares, two_points_have_a_line_but_no_interval) {
  const auto line = least_squares(std::vector{1.0, 2.0}, std::vector{3.0, 5.0});
  EXPECT_DOUBLE_EQ(line->slope, 2);
  EXPECT_FALSE(line->slope_interval);
}

TEST(KernelDensity, integrates_to_nearly_one_and_uses_the_spread_when_the_quartiles_meet) {
  std::vector<double> sample(20, 1.0);
  sample.push_back(2.0);
  const auto density = kernel_density(sample);
  ASSERT_TRUE(density);
  EXPECT_NEAR(density->bandwidth, 0.9 * summarize(sample)->stddev * std::pow(21, -0.2), 1e-12);
  EXPECT_FALSE(kernel_density(std::vector<double>(5, 1.0)));
}

TEST(Wilson, contains_the_proportion_and_narrows_with_n) {
  for (std::size_t n = 1; n < 200; n += 7) {
    for (std::size_t k = 0; k <= n; ++k) {
      const auto one = *wilson(k, n), four = *wilson(4 * k, 4 * n);
      const double p = static_cast<double>(k) / static_cast<double>(n);
      EXPECT_LE(one.low, p);
      EXPECT_GE(one.high, p);
      EXPECT_LT(four.high - four.low, one.high - one.low);
    }
  }
}

TEST(Coverage, of_the_wilson_interval_is_near_95_percent_in_the_mean_over_p) {
  Random random(3);
  int inside = 0;
  constexpr int kRuns = 20000;
  for (int run = 0; run < kRuns; ++run) {
    const double p = random.uniform();
    std::size_t successes = 0;
    for (int i = 0; i < 100; ++i) successes += random.uniform() < p ? 1 : 0;
    const auto interval = *wilson(successes, 100);
    inside += interval.low <= p && p <= interval.high ? 1 : 0;
  }
  EXPECT_NEAR(inside / double{kRuns}, 0.95, 0.006);
}

TEST(Coverage, of_the_t_interval_is_95_percent_for_normal_samples_of_six) {
  Random random(4);
  int inside = 0;
  constexpr int kRuns = 10000;
  for (int run = 0; run < kRuns; ++run) {
    std::vector<double> sample(6);
    for (auto& v : sample) v = 10 + 3 * normal(random);
    const auto interval = *mean_interval(sample);
    inside += interval.low <= 10 && 10 <= interval.high ? 1 : 0;
  }
  EXPECT_NEAR(inside / double{kRuns}, 0.95, 0.0075);
}

}  // namespace
}  // namespace ipw::stats
