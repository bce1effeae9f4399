// SPDX-License-Identifier: Apache-2.0
#include "ipw/analysis/efficiency.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "ipw/analysis/accuracy.h"
#include "ipw/analysis/sections.h"
#include "runs.h"

namespace ipw::analysis {
namespace {

using testing::Contains;
using testing::HasSubstr;

TEST(Efficiency, M39_has_one_definition_of_ipj_and_ipw_in_every_output) {
  const RunData run = run_of(mixed(12, 9));
  const Efficiency e = efficiency_of(run, {});
  double joules = 0, watts = 0;
  for (const auto& row : run.rows) {
    joules += *row.joules / 12;
    watts += *row.joules / row.seconds / 12;
  }
  EXPECT_NEAR(*e.ipj.value, 0.75 / joules, 1e-12);
  EXPECT_NEAR(*e.ipw.value, 0.75 / watts, 1e-12);
  const Json accuracy = Json::parse(accuracy_result(run, {}).json)["summary"];
  const Json summary = sections(run, {})["efficiency"];
  const Json analysis = Json::parse(efficiency_result(run, {}).json)["summary"]["figures"];
  const std::vector<RunData> runs{run};
  const std::vector<std::string> names{"tiny"};
  const Json compared = Json::parse(comparison(runs, names, {}).json)["runs"][0]["figures"];
  for (const Json& ipj : {accuracy["intelligence_per_joule"], summary["ipj"], analysis["IPJ"]["value"],
                          compared["IPJ"]["value"]}) {
    EXPECT_EQ(ipj, *e.ipj.value);
  }
  for (const Json& ipw : {accuracy["intelligence_per_watt"], summary["ipw"], analysis["IPW"]["value"],
                          compared["IPW"]["value"]}) {
    EXPECT_EQ(ipw, *e.ipw.value);
  }
}

TEST(Efficiency, M40_running_every_query_twice_leaves_ipj_and_ipw_unchanged) {
  auto records = mixed(12, 9);
  const Efficiency once = efficiency_of(run_of(records), {});
  for (const auto& r : mixed(12, 9)) records.push_back(r);
  const Efficiency twice = efficiency_of(run_of(records), {});
  EXPECT_NEAR(*once.ipj.value, *twice.ipj.value, 1e-12);
  EXPECT_NEAR(*once.ipw.value, *twice.ipw.value, 1e-12);
  EXPECT_NEAR(once.ipj.interval->low, twice.ipj.interval->low, 1e-12);
}

records::QueryRecord priced(records::QueryRecord record, double usd) {
  record.cost = records::Cost{usd, 0, 0, 0, usd, "2026-05-01"};
  return record;
}

TEST(Efficiency, M45_money_per_right_answer_is_over_the_queries_that_have_a_cost) {
  const auto none = efficiency_of(run_of(mixed(4, 2)), {});
  EXPECT_FALSE(none.cost_usd.value) << "no price, no figure";
  EXPECT_EQ(headline_figures(none).size(), 7U);
  const RunData run = run_of({priced(answered(0, true), 0.25), priced(answered(1, false), 0.5),
                              priced(answered(2, true), 0.25), answered(3, true)});
  const auto e = efficiency_of(run, {});
  EXPECT_DOUBLE_EQ(*e.cost_usd.value, 1);
  EXPECT_EQ(e.cost_usd.method, "prices of 2026-05-01");
  EXPECT_EQ(e.cost_usd.n, 3U);
  EXPECT_EQ(e.cost_usd.of, 4U);
  EXPECT_DOUBLE_EQ(*e.cost_per_correct.value, 0.5) << "1 USD, 2 right answers with a cost";
  EXPECT_NEAR(*e.cost_per_query.value, 1.0 / 3, 1e-12);
  EXPECT_EQ(
      Json::parse(efficiency_result(run, {}).json)["summary"]["figures"]["cost per correct answer"]["value"],
      sections(run, {})["efficiency"]["cost_per_correct_usd"]);
  const auto wrong = efficiency_of(run_of({priced(answered(0, false), 0.25)}), {});
  EXPECT_FALSE(wrong.cost_per_correct.value);
}

TEST(Efficiency, M41_uses_one_scope_for_every_figure_and_counts_what_was_measured_elsewhere) {
  auto records = mixed(4, 2);
  records[3].energy[0].scope = "package";
  const RunData run = run_of(records);
  const Efficiency e = efficiency_of(run, {});
  for (const Figure* f : {&e.joules_per_query, &e.watts, &e.ipj, &e.ipw}) {
    EXPECT_EQ(f->scope, "accelerator");
    EXPECT_EQ(f->of, 4u);
  }
  EXPECT_EQ(e.joules_per_query.n, 3u);
  EXPECT_EQ(run.no_energy.at("measured as package, not as accelerator"), 1u);
}

TEST(Efficiency, M23_a_zero_counter_stays_zero_and_a_missing_one_is_not_imputed) {
  auto records = mixed(3, 3);
  records[0].energy[0].joules = 0;
  records[1].energy[0].joules.reset();
  records[1].energy[0].reason = "counter did not move";
  records[1].gpu_power_watts = records::Stats{100, 100, 100, 100};
  const RunData run = run_of(records);
  const Efficiency e = efficiency_of(run, {});
  EXPECT_DOUBLE_EQ(*e.joules_per_query.value, 5);  // (0 + 10) / 2
  EXPECT_EQ(e.joules_per_query.n, 2u);
  EXPECT_THAT(efficiency_result(run, {}).warnings,
              Contains(HasSubstr("1 of 3 queries have no energy: gpu-0: counter did not move")));
}

TEST(Efficiency, M64_negative_and_non_finite_values_are_left_out_and_counted) {
  auto records = mixed(4, 2);
  records[0].energy[0].joules = -3;
  records[1].energy[0].joules = std::numeric_limits<double>::quiet_NaN();
  records[2].latency.ttft_seconds = std::numeric_limits<double>::infinity();
  const RunData run = run_of(records);
  EXPECT_EQ(efficiency_of(run, {}).joules_per_query.n, 2u);
  EXPECT_EQ(efficiency_of(run, {}).ttft_seconds.n, 3u);
  EXPECT_GE(run.implausible, 2u);
}

TEST(Efficiency, without_any_energy_says_why_and_still_tells_accuracy_and_time) {
  auto records = mixed(4, 2);
  for (auto& r : records) r.energy.clear();
  const Efficiency e = efficiency_of(run_of(records), {});
  EXPECT_EQ(*e.accuracy.value, 0.5);
  EXPECT_EQ(*e.ttft_seconds.value, 0.5);
  EXPECT_FALSE(e.ipj.value);
  EXPECT_FALSE(e.total_joules);
  EXPECT_THAT(e.joules_per_query.reason, HasSubstr("no energy was measured (4)"));
  EXPECT_THAT(e.ipj.reason, HasSubstr("no energy"));
}

TEST(Efficiency, of_a_single_query_has_values_without_intervals_and_says_so) {
  const Efficiency e = efficiency_of(run_of({answered(0, true)}), {});
  EXPECT_DOUBLE_EQ(*e.joules_per_query.value, 10);
  EXPECT_FALSE(e.joules_per_query.interval);
  EXPECT_EQ(e.joules_per_query.reason, "no interval from a single question");
  EXPECT_TRUE(e.accuracy.interval);
}

TEST(Efficiency, of_wrong_answers_only_is_zero_with_an_upper_end) {
  const Efficiency e = efficiency_of(run_of(mixed(10, 0)), {});
  EXPECT_EQ(*e.ipj.value, 0);
  EXPECT_EQ(e.ipj.interval->low, 0);
  EXPECT_NEAR(e.ipj.interval->high, 0.27753279986288926 / *e.joules_per_query.value, 1e-9);
  EXPECT_FALSE(e.joules_per_correct.value);
  EXPECT_EQ(e.joules_per_correct.reason, "no correct answer");
}

TEST(Efficiency, joules_per_correct_answer_is_the_reciprocal_of_ipj) {
  const Efficiency e = efficiency_of(run_of(mixed(10, 7)), {});
  EXPECT_DOUBLE_EQ(*e.joules_per_correct.value, 1 / *e.ipj.value);
  EXPECT_DOUBLE_EQ(*e.joules_per_correct.value, *e.total_joules / 7);
  EXPECT_LT(e.joules_per_correct.interval->low, *e.joules_per_correct.value);
}

TEST(Efficiency, intervals_contain_their_values_and_repeat_by_seed) {
  const RunData run = run_of(mixed(30, 17));
  const Efficiency a = efficiency_of(run, {}), b = efficiency_of(run, {});
  for (const Figure& f : all_figures(a)) {
    ASSERT_TRUE(f.value && f.interval) << f.label;
    EXPECT_LE(f.interval->low, *f.value + 1e-9) << f.label;
    EXPECT_GE(f.interval->high, *f.value - 1e-9) << f.label;
  }
  EXPECT_EQ(a.ipw.interval->low, b.ipw.interval->low);
  EXPECT_NE(a.ipw.interval->low, efficiency_of(run, {.seed = 1}).ipw.interval->low);
}

TEST(Efficiency, the_gain_of_the_sensor_widens_intervals_and_does_not_average_out) {
  auto records = mixed(200, 120);
  const Efficiency exact = efficiency_of(run_of(records), {});
  for (auto& r : records) r.energy[0].half_width_joules = 0.05 * *r.energy[0].joules;
  const Efficiency e = efficiency_of(run_of(records), {});
  EXPECT_EQ(*e.joules_per_query.value, *exact.joules_per_query.value);
  const double half = *e.joules_per_query.value - e.joules_per_query.interval->low;
  const double statistical = *exact.joules_per_query.value - exact.joules_per_query.interval->low;
  EXPECT_NEAR(half, std::hypot(statistical, 0.05 * *e.joules_per_query.value), 1e-9);
  EXPECT_EQ(e.accuracy.interval->low, exact.accuracy.interval->low);
  EXPECT_THAT(e.ipj.method, HasSubstr("sensor +-5 %"));
}

TEST(Efficiency, publishes_energy_per_token_and_throughput_as_ratios_of_sums) {
  auto records = mixed(2, 1);
  records[0].tokens.output = 10;
  const Efficiency e = efficiency_of(run_of(records), {});  // 8 J in 1 s and 9 J in 1.25 s
  EXPECT_DOUBLE_EQ(*e.joules_per_output_token.value, 17.0 / 50);
  EXPECT_DOUBLE_EQ(*e.joules_per_total_token.value, 17.0 / 90);
  EXPECT_DOUBLE_EQ(*e.tokens_per_second.value, 50 / 2.25);
  EXPECT_DOUBLE_EQ(*e.decode_tokens_per_second.value, (9 + 39) / (0.5 + 0.75));
}

TEST(Efficiency, A6_queries_whose_tokens_are_known_in_part_are_in_no_figure_of_tokens) {
  auto records = mixed(2, 1);
  records[0].tokens.source = "incomplete";
  const Efficiency e = efficiency_of(run_of(records), {});  // the second: 9 J in 1.25 s
  EXPECT_DOUBLE_EQ(*e.joules_per_output_token.value, 9.0 / 40);
  EXPECT_DOUBLE_EQ(*e.tokens_per_second.value, 40 / 1.25);
}

TEST(Efficiency, tells_gross_idle_and_net_energy_where_a_baseline_was_taken) {
  auto records = mixed(5, 5);
  for (auto& r : records) r.energy[0].idle_joules = 2;
  const Efficiency e = efficiency_of(run_of(records), {});
  EXPECT_DOUBLE_EQ(*e.idle_joules.value, 2);
  EXPECT_NEAR(*e.net_joules.value, *e.joules_per_query.value - 2, 1e-12);
}

TEST(Efficiency, lists_domains_apart_and_never_sums_levels) {
  auto records = mixed(3, 3);
  for (auto& r : records) {
    auto package = r.energy[0];
    package.domain = "package-0";
    package.scope = "package";
    package.joules = 100;
    r.energy.push_back(package);
  }
  const RunData run = run_of(records);
  EXPECT_EQ(*efficiency_of(run, {}).total_joules, 8 + 9 + 10);
  const Json domains = Json::parse(efficiency_result(run, {}).json)["data"]["domains"];
  EXPECT_EQ(domains.size(), 2u);
  EXPECT_EQ(domains[1]["total_joules"], 300);
  EXPECT_EQ(domains[1]["stddev_joules"], 0);
}

TEST(Efficiency, a_query_without_duration_has_no_power) {
  const Efficiency e = efficiency_of(run_of({answered(0, true, 10, 0), answered(1, true)}), {});
  EXPECT_EQ(e.watts.n, 1u);
  EXPECT_DOUBLE_EQ(*e.watts.value, 5);
}

}  // namespace
}  // namespace ipw::analysis
