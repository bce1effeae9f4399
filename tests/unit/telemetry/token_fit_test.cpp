// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/token_fit.h"

#include <gtest/gtest.h>

#include "build.h"
#include "ipw/telemetry/deviation_ladder.h"

namespace ipw::telemetry {
namespace {

TokenFit::Row row(double p, double d, double joules) {
  return {{p, d}, p * p, p * d, d * d, joules};
}

TEST(TokenFit, finds_both_costs_of_a_run_that_obeys_the_rule) {
  TokenFit fit;
  for (int i = 0; i < 20; ++i) fit.add(row(10 + i % 5, 3 + i % 3, 0.2 * (10 + i % 5) + 0.8 * (3 + i % 3)));
  const auto found = fit.solve().value();
  EXPECT_FALSE(found.default_ratio);
  EXPECT_NEAR(found.prefill, 0.2, 1e-6);
  EXPECT_NEAR(found.decode, 0.8, 1e-6);
  EXPECT_NEAR(fit.request_deviation(found.prefill, found.decode, 2), 0, 1e-3);
}

TEST(TokenFit, takes_the_default_ratio_where_both_kinds_come_in_proportion) {
  TokenFit fit;
  for (int i = 1; i < 20; ++i) fit.add(row(2 * i, i, 1.5 * i));
  const auto found = fit.solve().value();
  EXPECT_TRUE(found.default_ratio);
  EXPECT_NEAR(found.prefill / found.decode, kDefaultTokenRatio, 1e-12);
  EXPECT_NEAR(2 * found.prefill + found.decode, 1.5, 1e-9);
}

TEST(TokenFit, never_gives_a_negative_cost) {
  TokenFit fit;
  for (int i = 0; i < 20; ++i) fit.add(row(10 + i % 5, 3 + i % 3, 2.0 * (3 + i % 3) - 0.1 * (10 + i % 5)));
  const auto found = fit.solve().value();
  EXPECT_TRUE(found.default_ratio);
  EXPECT_GT(found.decode, 0);
}

TEST(TokenFit, knows_nothing_without_rows_or_work) {
  TokenFit fit;
  EXPECT_FALSE(fit.solve());
  for (int i = 0; i < 9; ++i) fit.add(row(0, 0, 5));
  EXPECT_FALSE(fit.solve());
}

bool coin(int n) {
  auto x = static_cast<std::uint64_t>(n + 1) * 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93;
  return (x >> 63) != 0;
}

/// Requests of `length` stretches each, `width` at once, whose costs deviate by +-10 %; the sensor puts
/// `slip` joules into the next stretch, now and then.
std::optional<double> found_deviation(double slip) {
  constexpr int kStretches = 512, kLength = 4, kWidth = 4;
  DeviationLadder ladder;
  double slipped = 0;
  for (int k = 0; k < kStretches; ++k) {
    DeviationLadder::Stretch stretch;
    double joules = 0;
    for (int w = 0; w < kWidth; ++w) {
      const int request = (k + w) / kLength * kWidth + w;
      stretch.tokens[request] = {0, 10};
      joules += 10 * (coin(request) ? 1.1 : 0.9);
    }
    const double next = k % 3 == 0 ? slip : 0;
    stretch.joules = {joules + slipped - next};
    slipped = next;
    ladder.add(std::move(stretch));
  }
  return ladder.deviation(0, {.prefill = 0, .decode = 1});
}

TEST(DeviationLadder, tells_how_far_requests_deviate) {
  EXPECT_NEAR(found_deviation(0).value(), 0.1, 0.04);
}

TEST(DeviationLadder, what_a_sensor_slips_hardly_counts) {
  EXPECT_NEAR(found_deviation(15).value(), found_deviation(0).value(), 0.05);
}

TEST(DeviationLadder, says_nothing_of_a_few_stretches) {
  DeviationLadder ladder;
  for (int k = 0; k < 7; ++k) ladder.add({{{1, {1, 1}}}, {5.0}});
  EXPECT_FALSE(ladder.deviation(0, {.prefill = 1, .decode = 1}));
  EXPECT_FALSE(ladder.deviation(3, {.prefill = 1, .decode = 1}));
}

TEST(WorkCurve, prefill_goes_to_the_first_token_and_decode_after_it) {
  const WorkCurve curve({at(1), at(5), 100, 5, {at(2), at(3), at(4), at(5)}});
  EXPECT_DOUBLE_EQ(curve.between(at(1), at(1.5)).prefill, 50);
  EXPECT_DOUBLE_EQ(curve.between(at(0), at(2)).decode, 0);
  EXPECT_DOUBLE_EQ(curve.between(at(2), at(3.5)).decode, 2);  // 4 tokens over 3 gaps
  const Tokens all = curve.between(at(0), at(9));
  EXPECT_DOUBLE_EQ(all.prefill, 100);
  EXPECT_DOUBLE_EQ(all.decode, 4);
  EXPECT_TRUE(curve.known());
}

TEST(WorkCurve, without_arrivals_the_work_is_even) {
  const WorkCurve curve({at(1), at(5), 100, 9, {}});
  EXPECT_DOUBLE_EQ(curve.between(at(1), at(2)).prefill, 25);
  EXPECT_DOUBLE_EQ(curve.between(at(1), at(2)).decode, 2);
}

TEST(WorkCurve, counts_arrivals_where_the_server_tells_no_count) {
  EXPECT_DOUBLE_EQ(WorkCurve({at(1), at(5), 100, {}, {at(2), at(3), at(5)}}).between(at(0), at(6)).decode, 2);
  EXPECT_FALSE(WorkCurve({at(1), at(5), {}, 7, {at(2)}}).known());
}

TEST(WorkCurve, parts_sum_to_the_whole) {
  const WorkCurve curve({at(1), at(7), 50, 7, {at(2), at(2), at(4), at(7)}});
  double prefill = 0, decode = 0;
  for (double t = 0; t < 8; t += 0.37) {
    prefill += curve.between(at(t), at(t + 0.37)).prefill;
    decode += curve.between(at(t), at(t + 0.37)).decode;
  }
  EXPECT_NEAR(prefill, 50, 1e-6);
  EXPECT_NEAR(decode, 6, 1e-6);
}

}  // namespace
}  // namespace ipw::telemetry
