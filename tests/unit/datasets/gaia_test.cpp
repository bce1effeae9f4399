// SPDX-License-Identifier: Apache-2.0
// GAIA's questions and their files.
#include <gmock/gmock.h>

#include "ipw/base/hash.h"
#include "ipw/datasets/inspect.h"
#include "open.h"
#include "support/fixture_hub.h"

namespace ipw::datasets {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Gaia, shows_texts_and_images_and_names_other_files) {
  const FixtureHub hub;
  const auto all = read_all(*open_dataset("gaia", hub.with()));
  EXPECT_THAT(all[0].problem, Not(HasSubstr("The question comes with")));
  EXPECT_THAT(all[1].problem, HasSubstr("the file gaia-1.pdf, which is not shown here"));
  EXPECT_THAT(all[2].problem, HasSubstr("the file gaia-2.csv:\n\nname,price\npear,3\n"));
  EXPECT_THAT(all[3].problem, HasSubstr("the image gaia-3.png."));
  ASSERT_EQ(all[3].images.size(), 1U);
  EXPECT_THAT(all[3].images[0], StartsWith("data:image/png;base64,iVBORw0KGgo"));
  EXPECT_THAT(all[3].metadata, HasSubstr(R"("file_shown":true)"));
}

TEST(Gaia, X21_an_agent_gets_files_of_every_kind) {
  const FixtureHub hub;
  auto options = hub.with();
  options.files = true;
  const auto all = read_all(*open_dataset("gaia", options));
  EXPECT_TRUE(all[0].files.empty());
  for (const std::size_t i : {1U, 2U, 3U}) {
    ASSERT_EQ(all[i].files.size(), 1U);
    EXPECT_TRUE(std::filesystem::exists(all[i].files[0])) << all[i].files[0];
  }
  EXPECT_THAT(all[1].files[0], testing::EndsWith("gaia-1.pdf"));
}

TEST(Gaia, only_names_the_files_when_asked) {
  const FixtureHub hub;
  const auto all = read_all(*open_dataset("gaia", hub.with({{"attachments", "named"}})));
  EXPECT_THAT(all[2].problem, HasSubstr("the file gaia-2.csv, which is not shown here"));
  EXPECT_TRUE(all[3].images.empty());
  EXPECT_THAT(error_of([&] {
                open_dataset("gaia", hub.with({{"attachments", "all"}}));
              }),
              HasSubstr("attachments=all"));
}

TEST(Gaia, a_file_that_is_missing_is_an_error_and_no_other_question) {
  const auto table = FixtureHub::kRoot + "gaia-benchmark/GAIA/2023/validation/metadata.parquet";
  const auto copy = std::filesystem::temp_directory_path() / "ipw-gaia-alone" / "metadata.parquet";
  std::filesystem::create_directories(copy.parent_path());
  std::filesystem::copy_file(table, copy, std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(error_of([&] { questions("gaia", {{"path", copy.string()}}); }), HasSubstr("gaia-2.csv"));
  std::filesystem::remove_all(copy.parent_path());
  EXPECT_EQ(questions("gaia", {{"path", table}}).size(), 4U);
}

TEST(Gaia, fetch_loads_the_files_too_X22) {
  const FixtureHub hub;
  std::string revision;
  const auto files = load_files(*benchmark_of("gaia"), hub.with({{"revision", "main"}}), revision);
  EXPECT_EQ(files.size(), 4U);
  EXPECT_EQ(read_all(*open_dataset("gaia", hub.with({{"revision", "main"}}, true))).size(), 4U);  // offline
}

/// MATH-500 with the fixture's commit as its pin.
Benchmark pinned(std::string_view sha256) {
  auto out = *benchmark_of("math500");
  out.revision = FixtureHub::kCommit;
  out.configs.front().sha256 = sha256;
  return out;
}

TEST(PinnedBenchmark, has_the_checksum_that_was_published_X18) {
  const FixtureHub hub;
  const auto right = sha256_file(FixtureHub::kRoot + "HuggingFaceH4/MATH-500/test.jsonl");
  EXPECT_NO_THROW(open_benchmark(pinned(right), hub.with()));
  EXPECT_THAT(error_of([&] { open_benchmark(pinned("00"), hub.with()); }), HasSubstr("not 00 as published"));
  EXPECT_NO_THROW(open_benchmark(pinned("00"), hub.with({{"revision", "main"}})));
}

}  // namespace
}  // namespace ipw::datasets
