// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/scoring.h"

#include <gtest/gtest.h>

#include "ipw/base/error.h"

namespace ipw::execution {
namespace {

datasets::Question question(std::string scorer) {
  datasets::Question out;
  out.problem = "What is 40 + 2?";
  out.answer = "42";
  out.scorer = std::move(scorer);
  return out;
}

TEST(ScoreAnswer, a_pure_rule_decides_at_once) {
  const auto verdict = score_answer(question("numeric"), "It is 42.", "stop", nullptr);
  EXPECT_EQ(verdict.correct, true);
  EXPECT_EQ(verdict.scorer, "numeric");
  EXPECT_FALSE(pending(verdict));
}

TEST(ScoreAnswer, another_rule_than_the_questions_can_be_asked_for) {
  EXPECT_EQ(score_answer(question("exact"), "It is 42.", "stop", nullptr).correct, false);
  EXPECT_EQ(score_answer(question("exact"), "It is 42.", "stop", nullptr, "numeric").correct, true);
}

TEST(ScoreAnswer, a_rule_that_needs_help_waits_and_is_never_wrong_without_it) {
  for (const auto& row : evaluation::graders()) {
    const auto verdict = score_answer(question(std::string(row.name)), "x", "stop", nullptr);
    EXPECT_EQ(verdict.correct, std::nullopt) << row.name;
    EXPECT_TRUE(pending(verdict)) << row.name;
  }
}

TEST(ScoreAnswer, a_judge_that_cannot_be_had_leaves_the_answer_unscored_with_the_reason) {
  VirtualClock clock;
  JudgeConfig config;
  config.base_url = "http://127.0.0.1:1";
  config.model = "judge";
  ScoringTools tools(config, clock);
  const auto verdict = score_answer(question("simpleqa"), "Paris", "stop", &tools);
  EXPECT_EQ(verdict.correct, std::nullopt);
  EXPECT_EQ(verdict.reason.rfind("no judge: ", 0), 0U) << verdict.reason;
  EXPECT_FALSE(pending(verdict));
}

TEST(ScoreAnswer, S13_an_answer_alone_is_not_judged_where_the_task_s_place_is_verified) {
  const auto verdict = score_answer(question("swebench"), "42", "stop", nullptr);
  EXPECT_EQ(verdict.correct, std::nullopt);
  EXPECT_FALSE(pending(verdict)) << "judging it again would not help";
  EXPECT_NE(verdict.reason.find("`ipw run`"), std::string::npos) << verdict.reason;
}

TEST(ScoreAnswer, an_unknown_rule_is_an_error_and_none_a_reason) {
  EXPECT_THROW(score_answer(question("no-such-rule"), "x", "stop", nullptr), Error);
  EXPECT_NE(score_answer(question(""), "x", "stop", nullptr).reason.find("no rule"), std::string::npos);
}

}  // namespace
}  // namespace ipw::execution
