// SPDX-License-Identifier: Apache-2.0
// What the frame promises for every benchmark, shown on MMLU-Pro.
#include "ipw/datasets/benchmark.h"

#include <gmock/gmock.h>

#include "open.h"
#include "support/fixture_hub.h"

namespace ipw::datasets {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kTable = FixtureHub::kRoot + "TIGER-Lab/MMLU-Pro/data/test-00000-of-00001.parquet";

std::string json_row(std::string_view options, std::string_view more = "") {
  return fmt::format(
      "{{\"question_id\":7,\"question\":\"Which?\",\"options\":{},\"answer_index\":0,\"category\":\"x\"{}}}"
      "\n",
      options, more);
}

TEST(Benchmark, X19_reads_a_local_table_instead_of_the_hub) {
  const auto all = questions("mmlu-pro", {{"path", kTable}, {"shots", "0"}});
  EXPECT_EQ(all.size(), 3U);
}
TEST(Benchmark, X19_reads_a_local_folder_with_its_examples) {
  const auto all = questions("mmlu-pro", {{"path", FixtureHub::kRoot + "TIGER-Lab/MMLU-Pro"}});
  ASSERT_EQ(all.size(), 3U);
  EXPECT_THAT(all[0].problem, HasSubstr("What is 1 + 4?"));
}
TEST(Benchmark, X19_reads_json_lines_in_the_published_schema) {
  const TemporaryFile file(".jsonl", json_row(R"(["a","b"])"));
  const auto all = questions("mmlu-pro", {{"path", file.path()}, {"shots", "0"}});
  EXPECT_THAT(all[0].choices, ElementsAre("a", "b"));
}
TEST(Benchmark, asks_for_the_file_of_the_examples) {
  EXPECT_EQ(error_of([] {
              questions("mmlu-pro", {{"path", kTable}});
            }),
            "the worked examples are in another file than path=");
}
TEST(Benchmark, names_file_column_and_type_of_a_changed_column) {
  const TemporaryFile file(".jsonl", json_row("7"));
  EXPECT_EQ(error_of([&] {
              questions("mmlu-pro", {{"path", file.path()}, {"shots", "0"}});
            }),
            file.path() + ":1: column 'options' holds 7, expected list of texts");
}
TEST(Benchmark, names_file_and_column_that_is_missing) {
  const TemporaryFile file(".jsonl", "{\"question\":\"x\"}\n");
  EXPECT_EQ(error_of([&] {
              questions("mmlu-pro", {{"path", file.path()}, {"shots", "0"}});
            }),
            file.path() + ":1: no column 'options' (list of texts expected); it has: question");
}
TEST(Benchmark, refuses_a_table_without_rows) {
  const TemporaryFile file(".jsonl", "");
  EXPECT_EQ(error_of([&] {
              questions("mmlu-pro", {{"path", file.path()}, {"shots", "0"}});
            }),
            file.path() + " has no rows");
}
TEST(Benchmark, refuses_a_broken_parquet_file) {
  const TemporaryFile file(".parquet", "PAR1 and then nothing of the kind");
  EXPECT_THAT(error_of([&] {
                questions("mmlu-pro", {{"path", file.path()}, {"shots", "0"}});
              }),
              HasSubstr(file.path()));
}
TEST(Benchmark, knows_its_prompts_and_configs) {
  EXPECT_EQ(error_of([] {
              questions("mmlu-pro", {{"path", kTable}, {"prompt", "loud"}});
            }),
            "dataset 'mmlu-pro' has no prompt 'loud'");
  EXPECT_EQ(error_of([] {
              questions("mmlu-pro", {{"path", kTable}, {"config", "big"}});
            }),
            "dataset 'mmlu-pro' has no config 'big'");
}
TEST(Benchmark, X19_works_from_the_cache_without_a_network) {
  const FixtureHub hub;
  const auto online = read_all(*open_dataset("mmlu-pro", hub.with({{"revision", "main"}})));
  const auto offline = read_all(*open_dataset("mmlu-pro", hub.with({{"revision", "main"}}, true)));
  ASSERT_EQ(online.size(), offline.size());
  EXPECT_EQ(online[0].problem, offline[0].problem);
}
TEST(Benchmark, says_what_is_missing_without_a_network) {
  const FixtureHub hub;
  EXPECT_THAT(error_of([&] { open_dataset("mmlu-pro", hub.with({}, true)); }),
              AllOf(HasSubstr("TIGER-Lab/MMLU-Pro"), HasSubstr("data/test-*.parquet")));
}
TEST(Benchmark, says_how_to_get_what_is_gated) {
  const FixtureHub hub(403, {{"X-Error-Code", "GatedRepo"}});
  EXPECT_THAT(error_of([&] { open_dataset("mmlu-pro", hub.with()); }), HasSubstr("gated"));
}
TEST(Benchmark, says_that_a_repository_does_not_exist) {
  const FixtureHub hub(404, {{"X-Error-Code", "RepoNotFound"}});
  EXPECT_THAT(error_of([&] { open_dataset("mmlu-pro", hub.with()); }), HasSubstr("TIGER-Lab/MMLU-Pro"));
}
TEST(TableFiles, match_patterns) {
  EXPECT_TRUE(matches("data/test-*.parquet", "data/test-00000-of-00001.parquet"));
  EXPECT_FALSE(matches("data/test-*.parquet", "data/train-00000-of-00001.parquet"));
  EXPECT_TRUE(matches("*", ""));
  EXPECT_FALSE(matches("a*b*c", "a-c-b"));
}
TEST(TableFiles, refuse_a_part_of_a_table) {
  const std::filesystem::path folder = ::testing::TempDir() + "ipw-part-of-a-table";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "train-00001-of-00003.jsonl") << "{}\n";
  TableFiles files({"a/b", "main", folder, {}});
  EXPECT_THAT(error_of([&] { files.list("train-*.jsonl"); }), HasSubstr("has 1 of the 3 files"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace ipw::datasets
