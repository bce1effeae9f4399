// SPDX-License-Identifier: Apache-2.0
// The figures that benchmarks publish beside the share of right answers, on vectors worked out by hand.
#include "ipw/evaluation/tallies.h"

#include <gmock/gmock.h>

#include <map>
#include <string>

namespace ipw::evaluation {
namespace {

using ::testing::DoubleNear;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::map<std::string, double> figures(std::string_view rule, const std::vector<Judged>& answers) {
  const auto tally = find(tallies(), rule)->make();
  for (const auto& answer : answers) tally->add(answer);
  std::map<std::string, double> out;
  for (const auto& f : tally->figures()) out.emplace(f.key, f.value);
  return out;
}
auto near(const char* key, double value) {
  return Pair(key, DoubleNear(value, 1e-12));
}

TEST(Tallies, S19_simpleqa_sets_apart_what_was_not_attempted) {
  const Judged right{.correct = true, .metadata = R"({"grade":"correct"})"},
      wrong{.metadata = R"({"grade":"incorrect"})"}, none{.metadata = R"({"grade":"not_attempted"})"};
  // 2 right of 4, 3 attempted: 2/3 given attempted, F = 2 (2/3) (1/2) / (2/3 + 1/2) = 4/7.
  EXPECT_THAT(figures("simpleqa", {right, right, wrong, none}),
              UnorderedElementsAre(near("not_attempted", 0.25), near("accuracy_given_attempted", 2.0 / 3),
                                   near("f1", 4.0 / 7)));
  EXPECT_THAT(figures("simpleqa", {none}), UnorderedElementsAre(near("not_attempted", 1)));
  EXPECT_THAT(
      figures("simpleqa", {wrong}),
      UnorderedElementsAre(near("not_attempted", 0), near("accuracy_given_attempted", 0), near("f1", 0)));
}

TEST(Tallies, S18_hle_compares_confidence_with_what_was_right) {
  const Judged sure{.correct = true, .metadata = R"({"confidence":90})"},
      unsure{.metadata = R"({"confidence":50})"}, silent{.metadata = "{}"};
  // One bin: mean confidence 0.7, mean correctness 0.5.
  EXPECT_THAT(figures("hle", {sure, unsure, silent}), UnorderedElementsAre(near("calibration_error", 0.2)));
  EXPECT_TRUE(figures("hle", {silent}).empty());
}

TEST(Tallies, arena_hard_weighs_by_battles) {
  const Judged much{.correct = true, .score = 1, .metadata = R"({"battles":6})"},
      tie{.score = 0.5, .metadata = R"({"battles":2})"}, empty{};
  EXPECT_THAT(figures("arena-hard", {much, tie, empty}), UnorderedElementsAre(near("win_rate", 0.7)));
}

TEST(Tallies, wildchat_counts_a_tie_half) {
  const Judged win{.correct = true, .score = 1, .metadata = R"({"consistent":true})"},
      tie{.score = 0.5, .metadata = R"({"consistent":false})"};
  EXPECT_THAT(figures("wildchat", {win, tie}),
              UnorderedElementsAre(near("win_rate", 0.75), near("ties", 0.5), near("consistent", 0.5)));
}

TEST(Tallies, ifeval_counts_instructions_and_prompts) {
  const Judged half{.metadata =
                        R"({"inst_level_strict":[true,false,false],"inst_level_loose":[true,true,false]})"},
      whole{
          .correct = true,
          .metadata = R"({"inst_level_strict":[true],"inst_level_loose":[true],"prompt_level_loose":true})"};
  EXPECT_THAT(figures("ifeval", {half, whole}),
              UnorderedElementsAre(near("inst_level_strict", 0.5), near("prompt_level_loose", 0.5),
                                   near("inst_level_loose", 0.75)));
}

TEST(Tallies, belong_to_a_rule_and_have_no_figure_without_answers) {
  for (const auto& row : tallies()) EXPECT_TRUE(row.make()->figures().empty()) << row.name;
}

TEST(Tallies, S10_swefficiency_has_the_harmonic_mean_of_the_speedup_ratios) {
  const Judged fast{.correct = true, .metadata = R"({"speedup_ratio": 1.5, "correctness": true})"},
      slow{.metadata = R"({"speedup_ratio": 0.5, "correctness": false})"}, unknown{.metadata = "{}"};
  // 2 / (1/1.5 + 1/0.5) = 0.75
  EXPECT_THAT(
      figures("swefficiency", {fast, slow, unknown}),
      UnorderedElementsAre(near("speedup_ratio", 0.75), near("correctness", 0.5), near("measured", 2)));
  EXPECT_TRUE(figures("swefficiency", {unknown}).empty());
}

}  // namespace
}  // namespace ipw::evaluation
