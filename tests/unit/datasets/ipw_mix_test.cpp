// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <map>

#include "open.h"
#include "support/fixture_hub.h"

namespace ipw::datasets {
namespace {

using ::testing::HasSubstr;

TEST(IpwMix, draws_equal_shares_of_its_four_parts) {
  const FixtureHub hub;
  std::map<std::string, int> parts;
  for (const auto& question : read_all(*open_dataset("ipw", hub.with({{"n", "8"}}))))
    ++parts[question.subject];
  EXPECT_EQ(parts, (std::map<std::string, int>{
                       {"mmlu-pro", 2}, {"natural-reasoning", 2}, {"supergpqa", 2}, {"wildchat", 2}}));
}
TEST(IpwMix, S41_draws_the_same_questions_with_the_same_seed) {
  const FixtureHub hub;
  const auto ids = [&](const char* seed) {
    std::vector<std::string> out;
    for (const auto& question : read_all(*open_dataset("ipw", hub.with({{"n", "4"}, {"seed", seed}}))))
      out.push_back(question.id);
    return out;
  };
  EXPECT_EQ(ids("7"), ids("7"));
  bool differs = false;
  for (const auto* seed : {"1", "2", "3", "4", "5"}) differs = differs || ids(seed) != ids("7");
  EXPECT_TRUE(differs);
}
TEST(IpwMix, keeps_the_rule_of_each_part_and_records_the_revisions) {
  const FixtureHub hub;
  const auto mix = open_dataset("ipw", hub.with({{"n", "4"}}));
  const auto all = read_all(*mix);
  EXPECT_EQ(all.front().scorer, "wildchat");
  EXPECT_EQ(all.back().scorer, "supergpqa");
  EXPECT_THAT(mix->info().revision, HasSubstr(std::string("supergpqa@") + FixtureHub::kCommit));
}
TEST(IpwMix, S27_reads_the_folder_of_the_python_suite_with_every_source_of_the_mixture) {
  const TemporaryFile file(
      ".jsonl",
      R"({"problem":"p","answer":"a","subject":"s","dataset_metadata":"{\"config\":{\"dataset_name\":\"m-a-p/SuperGPQA\"}}"})");
  const auto all = questions("ipw", {{"path", file.path()}});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].scorer, "supergpqa");
}
TEST(IpwMix, S27_leaves_a_source_without_a_rule_unscored) {
  const TemporaryFile file(
      ".jsonl",
      R"({"problem":"p","answer":"a","dataset_metadata":"{\"config\":{\"dataset_name\":\"x/y\"}}"})");
  const auto all = questions("ipw", {{"path", file.path()}});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].scorer, "");
}

}  // namespace
}  // namespace ipw::datasets
