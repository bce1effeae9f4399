// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <deque>
#include <nlohmann/json.hpp>

#include "ipw/base/json.h"
#include "ipw/evaluation/grader.h"

namespace ipw::evaluation {
namespace {

/// Chooses from a list; empty text: no reply.
class Chooser final : public Judge {
 public:
  explicit Chooser(std::deque<std::string> choices) : choices_(std::move(choices)) {}
  JudgeReply ask(const JudgeRequest& request) override {
    asked.push_back(request);
    const auto choice = choices_.front();
    choices_.pop_front();
    if (choice.empty()) return {std::nullopt, "gone", false};
    return {R"({"reasoning":"r","better":")" + choice + "\"}", {}, false};
  }
  std::vector<JudgeRequest> asked;

 private:
  std::deque<std::string> choices_;
};

Verdict grade(Chooser& judge, std::string_view response = "mine", const char* rule = "wildchat") {
  Task task;
  task.problem = "Decorated: hello";
  task.question = "hello";
  task.answer = "theirs";
  task.finish_reason = "stop";
  return require("grader", graders(), rule).make()->grade(task, response, {.judge = &judge});
}

struct Case {
  const char *first, *second, *grade;
  double score;
};

TEST(WildChat, S16_keeps_win_tie_and_loss_of_both_orders) {
  for (const auto& c :
       {Case{"A", "B", "win", 1}, Case{"A", "tie", "win", 0.75}, Case{"tie", "tie", "tie", 0.5},
        Case{"A", "A", "tie", 0.5}, Case{"B", "B", "tie", 0.5}, Case{"tie", "A", "loss", 0.25},
        Case{"B", "A", "loss", 0}}) {
    Chooser judge({c.first, c.second});
    const auto verdict = grade(judge);
    const auto metadata = Json::parse(verdict.metadata);
    EXPECT_EQ(metadata["grade"], c.grade) << c.first << c.second;
    EXPECT_EQ(verdict.correct, std::string(c.grade) == "win");
    EXPECT_DOUBLE_EQ(verdict.score.value(), c.score);
    EXPECT_EQ(metadata["orders"].size(), 2U);
  }
}
TEST(WildChat, S33_asks_with_the_bare_message_in_both_orders) {
  Chooser judge({"A", "B"});
  grade(judge);
  ASSERT_EQ(judge.asked.size(), 2U);
  for (const auto& request : judge.asked) EXPECT_EQ(request.text.find("Decorated"), std::string::npos);
  EXPECT_LT(judge.asked[0].text.find("mine"), judge.asked[0].text.find("theirs"));
  EXPECT_GT(judge.asked[1].text.find("mine"), judge.asked[1].text.find("theirs"));
}
TEST(WildChat, S32_a_judge_that_fails_in_one_order_leaves_the_answer_unscored) {
  Chooser silent({"A", ""}), odd({"A", "C"});
  EXPECT_EQ(grade(silent).reason, "judge: gone");
  EXPECT_FALSE(grade(odd).correct.has_value());
}
TEST(WildChat, S39_an_empty_answer_is_wrong_without_a_judge) {
  Chooser judge({});
  EXPECT_EQ(grade(judge, " ").correct, false);
}

TEST(ArenaHard, S17_asks_in_both_orders_and_a_tie_is_a_tie) {
  for (const auto& c :
       {Case{"A>>B", "B>>A", "win", 1}, Case{"A>B", "B>A", "win", 1}, Case{"A=B", "A=B", "tie", 0.5},
        Case{"A>B", "A>B", "tie", 0.5}, Case{"A>>B", "A>B", "win", 0.75}, Case{"A=B", "A>B", "loss", 0.25},
        Case{"B>>A", "A>>B", "loss", 0}}) {
    Chooser judge({c.first, c.second});
    const auto verdict = grade(judge, "mine", "arena-hard");
    const auto metadata = Json::parse(verdict.metadata);
    EXPECT_EQ(metadata["grade"], c.grade) << c.first << " " << c.second;
    EXPECT_DOUBLE_EQ(verdict.score.value(), c.score) << c.first << " " << c.second;
  }
}
TEST(ArenaHard, much_better_counts_as_three_battles) {
  Chooser judge({"A>>B", "A=B"});
  const auto verdict = grade(judge, "mine", "arena-hard");
  EXPECT_EQ(Json::parse(verdict.metadata)["battles"], 4);
  EXPECT_DOUBLE_EQ(verdict.score.value(), 3.5 / 4);
}
TEST(ArenaHard, another_grade_is_unscored) {
  Chooser judge({"tie", "tie"});
  EXPECT_EQ(grade(judge, "mine", "arena-hard").correct, std::nullopt);
}

}  // namespace
}  // namespace ipw::evaluation
