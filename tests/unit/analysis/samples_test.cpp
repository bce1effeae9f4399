// SPDX-License-Identifier: Apache-2.0
#include "ipw/analysis/samples.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "ipw/analysis/accuracy.h"
#include "ipw/analysis/sections.h"
#include "runs.h"

namespace ipw::analysis {
namespace {

/// One sample: its question, its number, the answer that the rule took out, and whether it is right.
records::QueryRecord sample(std::int64_t question, std::int64_t number, std::string answer, bool right) {
  auto r = answered(question * 10 + number, right);
  r.problem = "question " + std::to_string(question);
  r.sample = number;
  r.evaluation->extracted = std::move(answer);
  return r;
}

TEST(Samples, are_absent_where_each_question_is_asked_once) {
  EXPECT_FALSE(samples_of(run_of(mixed(5, 3))));
  EXPECT_FALSE(sections(run_of(mixed(5, 3)), {})["statistics"].contains("samples"));
  EXPECT_EQ(accuracy_result(run_of(mixed(5, 3)), {}).tables.size(), 1U);
}

TEST(Samples, give_mean_pass_at_k_and_variances_of_two_questions) {
  const auto run = run_of({sample(0, 0, "A", true), sample(0, 1, "B", false), sample(0, 2, "B", false),
                           sample(1, 0, "C", true), sample(1, 1, "C", true), sample(1, 2, "D", false)});
  const auto s = *samples_of(run);
  EXPECT_EQ(s.questions, 2U);
  EXPECT_DOUBLE_EQ(*s.mean.value, 0.5);
  ASSERT_EQ(s.pass_at.size(), 3U);
  EXPECT_DOUBLE_EQ(*s.pass_at[0].value, 0.5) << "pass@1 is the mean";
  EXPECT_NEAR(*s.pass_at[1].value, (2.0 / 3 + 1) / 2, 1e-12);
  EXPECT_DOUBLE_EQ(*s.pass_at[2].value, 1) << "pass@3 is any";
  EXPECT_DOUBLE_EQ(*s.majority.value, 0.5) << "B is wrong, C is right";
  EXPECT_NEAR(*s.within, 1.0 / 3, 1e-12);
  const double observed = 2 * std::pow(1.0 / 6, 2);
  EXPECT_NEAR(*s.variance_of_mean, observed / 2, 1e-12);
  EXPECT_DOUBLE_EQ(*s.between, 0) << "the samples alone explain more than is seen; never negative";
}

TEST(Samples, the_table_shows_pass_at_powers_of_two_and_at_all) {
  std::vector<records::QueryRecord> records;
  for (int i = 0; i < 11; ++i) records.push_back(sample(0, i, "A", i == 3));
  const auto table = samples_table(*samples_of(run_of(records)));
  std::vector<std::string> names;
  for (const auto& row : table.rows) names.push_back(row[0]);
  EXPECT_EQ(names, (std::vector<std::string>{"mean accuracy", "pass@1", "pass@2", "pass@4", "pass@8",
                                             "pass@11", "majority vote"}));
}

TEST(Samples, a_tie_of_the_vote_goes_to_the_answer_that_came_first) {
  const auto first_right = run_of({sample(0, 0, "A", true), sample(0, 1, "B", false)});
  const auto first_wrong = run_of({sample(0, 0, "B", false), sample(0, 1, "A", true)});
  EXPECT_DOUBLE_EQ(*samples_of(first_right)->majority.value, 1);
  EXPECT_DOUBLE_EQ(*samples_of(first_wrong)->majority.value, 0);
}

TEST(Samples, without_extracted_answers_have_no_vote_and_a_reason) {
  const auto s = *samples_of(run_of({sample(0, 0, "", true), sample(0, 1, "", false)}));
  EXPECT_FALSE(s.majority.value);
  EXPECT_FALSE(s.majority.reason.empty());
}

TEST(Samples, failed_ones_are_wrong_and_unscored_ones_are_left_out) {
  auto gone = failed(1);
  auto open = unscored(2, "no judge");
  gone.problem = open.problem = "question 0";
  gone.sample = 1;
  open.sample = 2;
  const auto s = *samples_of(run_of({sample(0, 0, "A", true), gone, open}));
  EXPECT_DOUBLE_EQ(*s.mean.value, 0.5);
  EXPECT_EQ(s.pass_at.size(), 2U) << "two scored samples tell nothing of three";
}

/// Questions of known difficulty, asked k times by chance.
RunData drawn(std::mt19937& random, int questions, int k) {
  std::vector<records::QueryRecord> out;
  for (int q = 0; q < questions; ++q) {
    const double p = std::uniform_real_distribution(0.0, 1.0)(random);
    for (int i = 0; i < k; ++i) out.push_back(sample(q, i, "A", std::bernoulli_distribution(p)(random)));
  }
  return run_of(out);
}

TEST(Samples, part_the_variance_between_questions_from_that_between_samples) {
  std::mt19937 random(11);
  double between = 0, within = 0;
  for (int i = 0; i < 40; ++i) {
    const auto s = *samples_of(drawn(random, 100, 4));
    between += *s.between / 40;
    within += *s.within / 40;
  }
  EXPECT_NEAR(between, 1.0 / 12, 0.01) << "uniform difficulty";
  EXPECT_NEAR(within, 1.0 / 6, 0.01) << "mean of p (1 - p)";
}

TEST(Samples, the_intervals_are_of_questions_and_the_mean_is_that_of_the_accuracy) {
  std::mt19937 random(5);
  int held = 0;
  for (int i = 0; i < 200; ++i) {
    const auto run = drawn(random, 50, 6);
    const auto s = *samples_of(run);
    if (i == 0) {
      EXPECT_NEAR(*accuracy_figure(run, {}).value, *s.mean.value, 1e-12);
    }
    held += s.mean.interval->low <= 0.5 && 0.5 <= s.mean.interval->high ? 1 : 0;
  }
  EXPECT_GE(held, 180) << "95 % of 200, with room for chance";
  EXPECT_LE(held, 199);
}

TEST(Accuracy, repeats_of_a_question_do_not_narrow_any_interval) {
  std::vector<records::QueryRecord> records;
  for (int q = 0; q < 8; ++q)
    for (int i = 0; i < 10; ++i) records.push_back(sample(q, i, "A", true));
  const auto run = run_of(records);
  const auto interval = *accuracy_figure(run, {}).interval;
  EXPECT_NEAR(interval.low, stats::wilson(8, 8)->low, 1e-9) << "8 questions, not 80";
  EXPECT_DOUBLE_EQ(interval.high, 1);
}

}  // namespace
}  // namespace ipw::analysis
