// SPDX-License-Identifier: Apache-2.0
#include "ipw/datasets/inspect.h"

#include <gmock/gmock.h>

#include "ipw/base/hash.h"
#include "open.h"
#include "support/fixture_hub.h"

namespace ipw::datasets {
namespace {

using ::testing::ElementsAre;

TEST(LoadFiles, X18_gives_the_files_with_their_checksums_and_the_commit) {
  const FixtureHub hub;
  std::string revision;
  const auto files = load_files(*benchmark_of("mmlu-pro"), hub.with(), revision);
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].path, "data/test-00000-of-00001.parquet");
  EXPECT_EQ(files[0].sha256, sha256_file(FixtureHub::kRoot + "TIGER-Lab/MMLU-Pro/" + files[0].path));
  EXPECT_EQ(revision, FixtureHub::kCommit);
}
TEST(Validate, finds_that_questions_are_missing) {
  const FixtureHub hub;
  const auto found = validate(*open_dataset("supergpqa", hub.with()));
  EXPECT_FALSE(found.ok());
  EXPECT_THAT(found.faults, ElementsAre("3 questions, but 26529 were published"));
}
TEST(Validate, finds_ids_that_are_there_twice) {
  const std::string row = R"({"uuid":"u","question":"q","options":["a"],"answer_letter":"A"})";
  const TemporaryFile file(".jsonl", row + "\n" + row + "\n");
  const auto found = validate(*open_dataset("supergpqa", with_params({{"path", file.path()}})));
  EXPECT_EQ(found.duplicate_ids, 1U);
  EXPECT_FALSE(found.ok());
}
TEST(Validate, is_content_with_a_whole_table) {
  const FixtureHub hub;
  const auto found = validate(*open_dataset("gpqa", hub.with()));
  EXPECT_TRUE(found.ok());
  EXPECT_EQ(found.questions, 198U);
  EXPECT_EQ(found.subjects.size(), 2U);
}
TEST(SampleRow, S41_is_read_back_by_the_local_dataset_as_the_same_question) {
  const FixtureHub hub;
  const auto all = read_all(*sample_evenly(open_dataset("gpqa", hub.with()), 10, 1));
  std::string rows;
  for (const auto& question : all) rows += sample_row(question);
  const TemporaryFile file(".jsonl", rows);
  const auto again = questions("local", {{"path", file.path()}, {"options", "none"}});
  ASSERT_EQ(again.size(), 10U);
  for (std::size_t i = 0; i < again.size(); ++i) {
    EXPECT_EQ(again[i].id, all[i].id);
    EXPECT_EQ(again[i].problem, all[i].problem);
    EXPECT_EQ(again[i].answer, all[i].answer);
    EXPECT_EQ(again[i].scorer, all[i].scorer);
  }
}

}  // namespace
}  // namespace ipw::datasets
