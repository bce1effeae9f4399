// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/measure.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ipw::execution {
namespace {

records::DomainEnergy energy(std::optional<double> joules, double random, double gain = 0) {
  records::DomainEnergy out;
  out.domain = "package-0";
  out.joules = joules;
  out.random_half_width_joules = random;
  out.half_width_joules = random + gain;
  if (!joules) out.reason = "the counter has not moved";
  return out;
}

TEST(Measure, one_run_keeps_the_interval_of_its_window) {
  const CommandRun runs[] = {{0, 2, {energy(100, 1, 2)}}};
  const auto domains = summarize_runs(runs, {}, {}, 0);
  ASSERT_EQ(domains.size(), 1U);
  EXPECT_DOUBLE_EQ(*domains[0].energy.joules, 100);
  EXPECT_DOUBLE_EQ(domains[0].energy.half_width_joules, 3);
  EXPECT_DOUBLE_EQ(*domains[0].watts, 50);
  EXPECT_FALSE(domains[0].idle);
  EXPECT_FALSE(domains[0].net_joules);
}

TEST(Measure, several_runs_have_students_interval_and_the_gain_that_does_not_average_out) {
  const CommandRun runs[] = {
      {0, 2, {energy(98, 1, 2)}}, {0, 2, {energy(100, 1, 2)}}, {0, 2, {energy(102, 1, 2)}}};
  const auto domains = summarize_runs(runs, {}, {}, 0);
  EXPECT_DOUBLE_EQ(*domains[0].energy.joules, 100);
  EXPECT_NEAR(domains[0].energy.half_width_joules, 4.3027 * 2 / std::sqrt(3) + 2, 1e-3);
  EXPECT_EQ(domains[0].runs, 3U);
}

TEST(Measure, idle_power_is_the_mean_of_both_baselines_and_their_drift_widens_the_net_interval) {
  const CommandRun runs[] = {{0, 2, {energy(100, 3)}}};
  const records::DomainEnergy before[] = {energy(50, 1)}, after[] = {energy(60, 1)};
  const auto domains = summarize_runs(runs, before, after, 5);
  ASSERT_TRUE(domains[0].idle);
  EXPECT_DOUBLE_EQ(domains[0].idle->watts, 11);
  EXPECT_DOUBLE_EQ(*domains[0].net_joules, 100 - 22);
  EXPECT_NEAR(domains[0].net_half_width_joules, std::hypot(3, std::hypot(1, 5) / 5 * 2), 1e-9);
}

TEST(Measure, a_run_without_a_value_is_counted_apart_and_a_domain_without_any_has_the_reason) {
  const CommandRun runs[] = {{0, 2, {energy(100, 1)}}, {0, 2, {energy({}, 0)}}};
  const auto domains = summarize_runs(runs, {}, {}, 0);
  EXPECT_DOUBLE_EQ(*domains[0].energy.joules, 100);
  EXPECT_DOUBLE_EQ(*domains[0].watts, 50);
  EXPECT_EQ(domains[0].runs, 1U);
  const auto none = summarize_runs(std::span(runs).subspan(1), {}, {}, 0);
  EXPECT_FALSE(none[0].energy.joules);
  EXPECT_FALSE(none[0].watts);
  EXPECT_EQ(none[0].energy.reason, "the counter has not moved");
}

}  // namespace
}  // namespace ipw::execution
