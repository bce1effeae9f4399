// SPDX-License-Identifier: Apache-2.0
#include "ipw/stats/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace ipw::stats {
namespace {

std::vector<double> sample(std::size_t n, std::uint64_t seed) {
  Random random(seed);
  std::vector<double> out(n);
  for (auto& v : out) v = 1 + random.uniform();
  return out;
}

std::optional<Interval> mean_by_rows(const std::vector<double>& values,
                                     std::span<const std::uint32_t> clusters = {}) {
  const auto mean = [&](std::span<const std::uint32_t> rows) -> std::optional<double> {
    double sum = 0;
    for (const auto row : rows) sum += values[row];
    return sum / static_cast<double>(rows.size());
  };
  return bootstrap(values.size(), mean, 7, 2000, 0.95, clusters);
}

TEST(Random, first_numbers_of_seed_0_are_those_of_the_published_generator) {
  // splitmix64(0) fills the state with e220a8397b1dcdaf, 6e789e6aa1b965f4, 06c45d188009454f,
  // f88bb8a8724c81ec.
  Random random(0);
  EXPECT_EQ(random.next(),
            std::rotl(0xe220a8397b1dcdafULL + 0xf88bb8a8724c81ecULL, 23) + 0xe220a8397b1dcdafULL);
}

TEST(Random, below_reaches_every_number_equally_often) {
  Random random(5);
  std::array<int, 7> counts{};
  for (int i = 0; i < 35000; ++i) {
    for (const auto v : random.pair_below(7)) ++counts[v];
  }
  double chi_squared = 0;
  for (const int c : counts) chi_squared += (c - 10000.0) * (c - 10000.0) / 10000.0;
  EXPECT_LT(chi_squared, 22.46);  // chi2.ppf(0.999, 6)
}

TEST(Bootstrap, is_the_same_for_the_same_seed_and_another_for_another) {
  const auto values = sample(50, 1);
  const auto a = bootstrap_mean_interval(values, 42), b = bootstrap_mean_interval(values, 42);
  EXPECT_EQ(a->low, b->low);
  EXPECT_EQ(a->high, b->high);
  EXPECT_NE(a->low, bootstrap_mean_interval(values, 43)->low);
}

TEST(Bootstrap, of_identical_rows_has_no_width) {
  const std::vector<double> a(9, 0.5), b(9, 4.0);
  const auto interval = ratio_of_means_interval(a, b, 1);
  EXPECT_DOUBLE_EQ(interval->low, 0.125);
  EXPECT_DOUBLE_EQ(interval->high, 0.125);
}

TEST(Bootstrap, keeps_the_pair_of_a_row_together) {
  const auto b = sample(40, 2);
  std::vector<double> a(b);
  for (auto& v : a) v *= 3;
  const auto interval = ratio_of_means_interval(a, b, 1);
  EXPECT_NEAR(interval->low, 3, 1e-12);
  EXPECT_NEAR(interval->high, 3, 1e-12);
}

TEST(Bootstrap, agrees_with_student_t_on_a_large_sample) {
  const auto values = sample(400, 3);
  const auto t = *mean_interval(values), fast = *bootstrap_mean_interval(values, 1, 4000),
             rows = *mean_by_rows(values);
  const double tolerance = 0.1 * (t.high - t.low);
  EXPECT_NEAR(fast.low, t.low, tolerance);
  EXPECT_NEAR(fast.high, t.high, tolerance);
  EXPECT_NEAR(rows.low, t.low, tolerance);
  EXPECT_NEAR(rows.high, t.high, tolerance);
}

TEST(Bootstrap, is_wider_when_repeats_of_a_question_are_drawn_together) {
  std::vector<double> values;
  std::vector<std::uint32_t> clusters;
  const auto questions = sample(30, 4);
  for (std::uint32_t q = 0; q < questions.size(); ++q) {
    for (int repeat = 0; repeat < 4; ++repeat) {
      values.push_back(questions[q]);
      clusters.push_back(q);
    }
  }
  const auto naive = *mean_by_rows(values), clustered = *mean_by_rows(values, clusters);
  EXPECT_GT(clustered.high - clustered.low, 1.6 * (naive.high - naive.low));
}

TEST(Bootstrap, has_no_interval_for_one_cluster_or_when_most_draws_have_no_value) {
  const std::vector<std::uint32_t> one_cluster{3, 3, 3};
  EXPECT_FALSE(mean_by_rows({1, 2, 3}, one_cluster));
  EXPECT_FALSE(bootstrap(
      5, [](auto) { return std::optional<double>(); }, 1));
  EXPECT_FALSE(ratio_of_means_interval(std::vector{1.0, 2.0}, std::vector{0.0, 0.0}, 1));
}

TEST(Coverage, of_the_bootstrap_of_a_ratio_is_near_95_percent) {
  Random random(6);
  int inside = 0;
  constexpr int kRuns = 1000;
  for (int run = 0; run < kRuns; ++run) {
    std::vector<double> a(100), b(100);
    for (std::size_t i = 0; i < a.size(); ++i) {
      a[i] = random.uniform() < 0.6 ? 1 : 0;
      b[i] = 5 + 10 * random.uniform();
    }
    const auto interval = *ratio_of_means_interval(a, b, random.next(), 500);
    inside += interval.low <= 0.06 && 0.06 <= interval.high ? 1 : 0;
  }
  EXPECT_NEAR(inside / double{kRuns}, 0.945, 0.02);
}

}  // namespace
}  // namespace ipw::stats
