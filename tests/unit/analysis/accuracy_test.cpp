// SPDX-License-Identifier: Apache-2.0
#include "ipw/analysis/accuracy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runs.h"

namespace ipw::analysis {
namespace {

using testing::Contains;
using testing::HasSubstr;

TEST(Accuracy, S37_failed_queries_count_as_wrong_and_are_shown_apart) {
  auto records = mixed(8, 6);
  records.push_back(failed(8));
  records.push_back(failed(9));
  const Accuracy a = accuracy_of(run_of(records), {});
  EXPECT_DOUBLE_EQ(*a.total.value, 0.6);
  EXPECT_EQ(a.total.n, 10u);
  EXPECT_EQ(a.counts.failed, 2u);
}

TEST(Accuracy, S37_more_failures_never_raise_it) {
  auto records = mixed(8, 6);
  double last = *accuracy_of(run_of(records), {}).total.value;
  for (int i = 8; i < 20; ++i) {
    records.push_back(failed(i));
    const double now = *accuracy_of(run_of(records), {}).total.value;
    EXPECT_LT(now, last);
    last = now;
  }
}

TEST(Accuracy, S37_over_scored_answers_alone_stands_beside_it) {
  const RunData run = run_of({answered(0, true), answered(1, false), failed(2), failed(3)});
  const Json summary = Json::parse(accuracy_result(run, {}).json)["summary"];
  EXPECT_EQ(summary["accuracy"], 0.25);
  EXPECT_EQ(summary["accuracy_of_scored"], 0.5);
  EXPECT_EQ(summary["failures"]["timeout"], 2);
}

TEST(Accuracy, S15_a_task_that_ran_out_of_time_and_is_solved_counts_as_right) {
  auto late = failed(2);
  late.evaluation.emplace().correct = true;
  const Accuracy a = accuracy_of(run_of({answered(0, true), answered(1, false), late, failed(3)}), {});
  EXPECT_DOUBLE_EQ(*a.total.value, 0.5);
  EXPECT_EQ(a.counts.failed, 1u);
}

TEST(Accuracy, S11_a_task_whose_place_was_missing_is_unscored) {
  auto missing = failed(2);
  missing.failure->kind = "harness";
  missing.evaluation.emplace().reason = "harness error: no image";
  const RunData run = run_of({answered(0, true), answered(1, false), missing});
  EXPECT_DOUBLE_EQ(*accuracy_of(run, {}).total.value, 0.5);
  EXPECT_EQ(run.unscored.at("harness error: no image"), 1u);
  EXPECT_TRUE(run.failures.empty());
}

TEST(Accuracy, S10_a_failed_agent_whose_task_was_verified_is_in_the_benchmark_s_figures) {
  auto lost = failed(1);
  lost.evaluation.emplace().correct = false;
  lost.evaluation->scorer = "swefficiency";
  lost.evaluation->metadata = R"({"speedup_ratio": 0.5})";
  auto won = answered(0, true);
  won.evaluation->scorer = "swefficiency";
  won.evaluation->metadata = R"({"speedup_ratio": 1.5, "correctness": true})";
  const auto text = accuracy_result(run_of({won, lost}), {}).json;
  EXPECT_THAT(text, HasSubstr("0.75"));
}

TEST(Accuracy, unscored_answers_leave_the_denominator_with_their_reasons) {
  const RunData run = run_of({answered(0, true), answered(1, false), unscored(2, "judge was silent")});
  const Accuracy a = accuracy_of(run, {});
  EXPECT_DOUBLE_EQ(*a.total.value, 0.5);
  EXPECT_EQ(a.total.n, 2u);
  EXPECT_EQ(a.counts.unscored, 1u);
  EXPECT_THAT(accuracy_tables(run, a)[0].notes, Contains(HasSubstr("judge was silent (1)")));
}

TEST(Accuracy, S38_without_evaluation_there_is_none_and_a_reason) {
  auto record = answered(0, true);
  record.evaluation.reset();
  const Accuracy a = accuracy_of(run_of({record}), {});
  EXPECT_FALSE(a.total.value);
  EXPECT_EQ(a.total.reason, "no query is scored");
}

TEST(Accuracy, has_wilson_interval_with_n) {
  const Figure f = accuracy_of(run_of(mixed(10, 7)), {}).total;
  EXPECT_NEAR(f.interval->low, 0.39677814746114526, 1e-12);
  EXPECT_NEAR(f.interval->high, 0.892208732593699, 1e-12);
  EXPECT_EQ(f.method, "Wilson");
}

TEST(Accuracy, M62_repeats_of_a_question_are_drawn_together) {
  std::vector<records::QueryRecord> records;
  for (int repeat = 0; repeat < 4; ++repeat) {
    for (const auto& r : mixed(20, 10)) records.push_back(r);
  }
  const Figure f = accuracy_of(run_of(records), {}).total;
  const auto naive = *stats::wilson(40, 80);
  EXPECT_THAT(f.method, HasSubstr("20 questions"));
  EXPECT_GT(f.interval->high - f.interval->low, 1.5 * (naive.high - naive.low));
}

TEST(Accuracy, does_not_depend_on_the_order) {
  auto records = mixed(9, 4);
  const auto before = accuracy_of(run_of(records), {});
  std::ranges::reverse(records);
  const auto after = accuracy_of(run_of(records), {});
  EXPECT_EQ(before.total.value, after.total.value);
  EXPECT_EQ(before.total.interval->low, after.total.interval->low);
  EXPECT_EQ(before.subjects[0].subject, after.subjects[0].subject);
}

TEST(Accuracy, counts_by_subject_add_up_to_the_total) {
  auto records = mixed(9, 4);
  records.push_back(failed(9));
  records.push_back(unscored(10, "no rule"));
  const Accuracy a = accuracy_of(run_of(records), {});
  Counts sum;
  for (const auto& s : a.subjects) {
    sum.correct += s.counts.correct;
    sum.wrong += s.counts.wrong;
    sum.failed += s.counts.failed;
    sum.unscored += s.counts.unscored;
  }
  EXPECT_EQ(sum.correct, a.counts.correct);
  EXPECT_EQ(sum.wrong, a.counts.wrong);
  EXPECT_EQ(sum.failed, a.counts.failed);
  EXPECT_EQ(sum.unscored, a.counts.unscored);
}

TEST(Accuracy, counts_truncated_and_unparsed_answers) {
  auto cut = answered(0, false);
  cut.finish_reason = "length";
  cut.evaluation->extracted.clear();
  const Json summary = Json::parse(accuracy_result(run_of({cut, answered(1, true)}), {}).json)["summary"];
  EXPECT_EQ(summary["truncated"], 1);
  EXPECT_EQ(summary["unparsed"], 1);
}

TEST(Accuracy, json_has_the_summary_keys_of_the_original) {
  const Json json = Json::parse(accuracy_result(run_of(mixed(4, 2)), {}).json);
  EXPECT_EQ(json["analysis"], "accuracy");
  for (const char* key :
       {"model", "correct", "incorrect", "unevaluated", "failed", "total_scored", "accuracy",
        "intelligence_per_joule", "intelligence_per_watt", "avg_per_query_energy_joules",
        "avg_per_query_power_watts", "energy_sample_count", "power_sample_count", "energy_basis"}) {
    EXPECT_TRUE(json["summary"].contains(key)) << key;
  }
  EXPECT_EQ(json["summary"]["energy_basis"], "gpu");
  EXPECT_EQ(json["data"]["per_model"]["tiny"], json["summary"]);
}

TEST(Accuracy, of_an_empty_run_says_so) {
  const Result result = accuracy_result(run_of({}), {});
  EXPECT_FALSE(result.figures[0].value);
  EXPECT_EQ(result.figures[0].reason, "no query");
}

TEST(Accuracy, shows_the_benchmark_s_own_figures_beside_it) {
  auto right = answered(0, true), none = answered(1, false);
  right.evaluation->scorer = none.evaluation->scorer = "simpleqa";
  right.evaluation->metadata = R"({"grade":"correct"})";
  none.evaluation->metadata = R"({"grade":"not_attempted"})";
  const RunData run = run_of({right, none, failed(2)});
  const auto result = accuracy_result(run, {});
  const Json official = Json::parse(result.json)["summary"]["official"]["simpleqa"];
  EXPECT_EQ(official["accuracy_given_attempted"], 1);
  EXPECT_EQ(official["not_attempted"], 0.5);
  EXPECT_EQ(result.tables[1].title, "Figures of the benchmark");
}

}  // namespace
}  // namespace ipw::analysis
