// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <deque>
#include <nlohmann/json.hpp>

#include "ipw/base/json.h"
#include "ipw/evaluation/grader.h"

namespace ipw::evaluation {
namespace {

using testing::HasSubstr;

/// Replies from a list; empty: the judge fails.
class Scripted final : public Judge {
 public:
  explicit Scripted(std::deque<std::string> replies) : replies_(std::move(replies)) {}
  JudgeReply ask(const JudgeRequest& request) override {
    asked.push_back(request);
    if (replies_.empty() || replies_.front().empty()) return {std::nullopt, "gone", false};
    const auto reply = replies_.front();
    replies_.pop_front();
    return {reply, {}, false};
  }
  std::vector<JudgeRequest> asked;

 private:
  std::deque<std::string> replies_;
};

Verdict grade(const char* rule, Judge& judge, const Json& metadata, std::string_view response,
              std::string_view answer = "", std::span<const Deliverable> files = {}) {
  const std::string text = dump_json(metadata);
  Task task;
  task.problem = "Write the order.";
  task.answer = answer;
  task.metadata = text;
  task.finish_reason = "stop";
  task.deliverables = files;
  return require("grader", graders(), rule).make()->grade(task, response, {.judge = &judge});
}

// --- gdpval --------------------------------------------------------------------------------------

Json rubric(int count) {
  Json items = Json::array();
  for (int n = 1; n <= count; ++n)
    items.push_back({{"criterion", fmt::format("names good {}", n)}, {"score", n == 2 ? 3 : 1}});
  return {{"rubric_json", dump_json(items)}};
}

std::string decisions(const std::vector<std::pair<int, bool>>& met) {
  Json rows = Json::array();
  for (const auto& [number, yes] : met)
    rows.push_back({{"number", number}, {"reasoning", "r"}, {"met", yes}});
  return dump_json({{"criteria", rows}});
}

TEST(Gdpval, counts_the_points_of_the_criteria_that_are_met) {
  Scripted judge({decisions({{1, true}, {2, true}, {3, false}})});
  const auto verdict = grade("gdpval", judge, rubric(3), "the order");
  EXPECT_EQ(verdict.correct, true);
  EXPECT_DOUBLE_EQ(verdict.score.value(), 0.8);
  const auto metadata = Json::parse(verdict.metadata);
  EXPECT_EQ(metadata["points"], 4);
  EXPECT_EQ(metadata["max_points"], 5);
  EXPECT_EQ(metadata["criteria"][2]["met"], false);
}

TEST(Gdpval, a_required_criterion_that_fails_fails_the_task) {
  const Json metadata = {
      {"rubric_json", R"({"items":[{"criterion":"a","score":9},{"criterion":"b","required":true}]})"}};
  Scripted judge({decisions({{1, true}, {2, false}})});
  const auto verdict = grade("gdpval", judge, metadata, "the order");
  EXPECT_EQ(verdict.correct, false);
  EXPECT_DOUBLE_EQ(verdict.score.value(), 0.9);
}

TEST(Gdpval, points_below_0_are_taken_off_for_a_fault) {
  const Json metadata = {
      {"rubric_json", R"([{"criterion":"a","score":4},{"criterion":"invents figures","score":-3}])"}};
  Scripted judge({decisions({{1, true}, {2, true}})});
  EXPECT_DOUBLE_EQ(grade("gdpval", judge, metadata, "the order").score.value(), 0.25);
}

TEST(Gdpval, S22_task_and_rubric_are_whole_and_a_cut_of_the_work_is_told) {
  Scripted judge({decisions({{1, true}})});
  const Json metadata = {
      {"rubric_json", dump_json(Json::array({{{"criterion", std::string(100'000, 'c')}}}))}};
  const auto verdict = grade("gdpval", judge, metadata, std::string(200'000, 'w'));
  EXPECT_THAT(judge.asked.at(0).text, HasSubstr(std::string(100'000, 'c')));
  EXPECT_THAT(judge.asked.at(0).text, HasSubstr("bytes left out here"));
  EXPECT_EQ(Json::parse(verdict.metadata)["work_cut_to_bytes"], 65536);
}

TEST(Gdpval, S24_what_the_judge_does_not_decide_is_unscored_not_failed) {
  Scripted silent({decisions({{1, true}, {3, true}})}), broken({"no JSON"}), gone({""});
  const auto verdict = grade("gdpval", silent, rubric(3), "the order");
  EXPECT_EQ(verdict.correct, std::nullopt);
  EXPECT_THAT(verdict.reason, HasSubstr("1 of 3 criteria undecided"));
  EXPECT_EQ(grade("gdpval", broken, rubric(3), "the order").correct, std::nullopt);
  EXPECT_EQ(grade("gdpval", gone, rubric(3), "the order").correct, std::nullopt);
}

TEST(Gdpval, asks_for_ten_criteria_at_once) {
  std::vector<std::pair<int, bool>> first, second;
  for (int n = 1; n <= 12; ++n) (n <= 10 ? first : second).emplace_back(n, true);
  first.emplace_back(11, false);  // not asked for: does not count
  Scripted judge({decisions(first), decisions(second)});
  EXPECT_DOUBLE_EQ(grade("gdpval", judge, rubric(12), "the order").score.value(), 1);
  EXPECT_EQ(judge.asked.size(), 2U);
}

TEST(Gdpval, without_a_rubric_nothing_is_decided_and_an_empty_answer_is_wrong_without_a_call) {
  Scripted judge({});
  EXPECT_EQ(grade("gdpval", judge, {{"rubric_json", "[]"}}, "the order").correct, std::nullopt);
  EXPECT_EQ(grade("gdpval", judge, {{"rubric_json", R"([{"no":"criterion"}])"}}, "x").correct, std::nullopt);
  EXPECT_EQ(grade("gdpval", judge, rubric(1), " ").correct, false);
  EXPECT_TRUE(judge.asked.empty());
}

TEST(Gdpval, S23_files_decide_where_the_closing_message_is_empty) {
  Scripted judge({decisions({{1, true}})});
  const std::vector<Deliverable> files = {{"out/order.md", "ten pears", {}}, {"plan.xlsx", {}, "no text"}};
  const auto verdict = grade("gdpval", judge, rubric(1), " ", "", files);
  EXPECT_EQ(verdict.correct, true);
  ASSERT_EQ(judge.asked.size(), 1U);
  EXPECT_THAT(judge.asked[0].text, HasSubstr("out/order.md\n\nten pears"));
  EXPECT_THAT(judge.asked[0].text, HasSubstr("plan.xlsx\n\n[no text: its text is not shown]"));
  const auto metadata = Json::parse(verdict.metadata);
  EXPECT_EQ(metadata["deliverables"], Json({"out/order.md"}));
  EXPECT_EQ(metadata["deliverables_unread"], Json({"plan.xlsx"}));
}

TEST(Gdpval, S23_work_that_cannot_be_shown_is_unscored_not_failed) {
  Scripted judge({});
  const std::vector<Deliverable> files = {{"plan.xlsx", {}, "no text"}};
  const auto verdict = grade("gdpval", judge, rubric(1), "See the sheet.", "", files);
  EXPECT_EQ(verdict.correct, std::nullopt);
  EXPECT_THAT(verdict.reason, HasSubstr("plan.xlsx"));
  EXPECT_TRUE(judge.asked.empty());
}

TEST(Gdpval, S23_many_files_share_the_space_and_say_that_they_were_cut) {
  Scripted judge({decisions({{1, true}})});
  const std::vector<Deliverable> files(16, {"a.txt", std::string(100'000, 'x'), {}});
  const auto verdict = grade("gdpval", judge, rubric(1), "Done.", "", files);
  EXPECT_LT(judge.asked.at(0).text.size(), 90'000U);
  EXPECT_EQ(Json::parse(verdict.metadata)["deliverables_cut_to_bytes"], 4096);
}

// --- deepresearchbench ---------------------------------------------------------------------------

Json weighted() {
  return Json::parse(
      R"({"dimension_weight":{"comprehensiveness":0.4,"insight":0.3,"instruction_following":0.2,"readability":0.1},
          "criterions":{"comprehensiveness":[{"criterion":"a","explanation":"e","weight":0.75},
                                             {"criterion":"b","explanation":"e","weight":0.25}],
                        "insight":[{"criterion":"c","explanation":"e","weight":1}],
                        "instruction_following":[{"criterion":"d","explanation":"e","weight":1}],
                        "readability":[{"criterion":"f","explanation":"e","weight":1}]}})");
}

std::string grades(const std::vector<std::pair<double, double>>& both) {
  Json rows = Json::array();
  for (std::size_t i = 0; i < both.size(); ++i)
    rows.push_back(
        {{"number", i + 1}, {"reasoning", "r"}, {"report_1", both[i].first}, {"report_2", both[i].second}});
  return dump_json({{"grades", rows}});
}

TEST(DeepResearchBench, S25_the_weights_of_the_task_enter_the_total) {
  Scripted judge({grades({{8, 4}, {4, 8}, {6, 6}, {10, 5}, {0, 10}})});
  const auto verdict = grade("deepresearchbench", judge, weighted(), "my report", "their report");
  // 0.3*8 + 0.1*4 + 0.3*6 + 0.2*10 + 0 = 6.6 beside 0.3*4 + 0.1*8 + 0.3*6 + 0.2*5 + 0.1*10 = 5.8
  EXPECT_NEAR(verdict.score.value(), 6.6 / 12.4, 1e-12);
  EXPECT_EQ(verdict.correct, true);
  const auto metadata = Json::parse(verdict.metadata);
  EXPECT_NEAR(metadata["comprehensiveness"].get<double>(), 7.0 / 12, 1e-12);
  EXPECT_EQ(metadata["readability"], 0);
}

TEST(DeepResearchBench, without_criteria_the_four_dimensions_count_the_same) {
  Scripted judge({grades({{6, 8}, {6, 8}, {6, 8}, {6, 8}})});
  const auto verdict = grade("deepresearchbench", judge, {{"reference", "x"}}, "my report", "their report");
  EXPECT_NEAR(verdict.score.value(), 6.0 / 14, 1e-12);
  EXPECT_EQ(verdict.correct, false);
}

TEST(DeepResearchBench, S25_an_unreadable_reply_is_unscored) {
  for (const std::string reply : {"no JSON", R"({"grades":7})", "", R"({"grades":[]})"}) {
    Scripted judge({reply});
    EXPECT_EQ(grade("deepresearchbench", judge, weighted(), "mine", "theirs").correct, std::nullopt) << reply;
  }
  Scripted beyond({grades({{11, 4}, {4, 8}, {6, 6}, {10, 5}, {0, 10}})});
  EXPECT_THAT(grade("deepresearchbench", beyond, weighted(), "mine", "theirs").reason,
              HasSubstr("1 of 5 criteria"));
}

}  // namespace
}  // namespace ipw::evaluation
