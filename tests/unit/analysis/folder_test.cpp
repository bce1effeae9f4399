// SPDX-License-Identifier: Apache-2.0
// Through the disk: a journal of ours and a folder of the original.
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "ipw/analysis/analysis.h"
#include "ipw/base/error.h"
#include "runs.h"

namespace ipw::analysis {
namespace {

class Folder : public testing::Test {
 protected:
  void SetUp() override {
    path =
        std::filesystem::temp_directory_path() / ("ipw-analysis-" + std::to_string(::getpid())) / "run_v1.5";
    std::filesystem::create_directories(path);
  }
  void TearDown() override { std::filesystem::remove_all(path.parent_path()); }

  void write(int n, int correct) {
    records::Journal journal(path);
    for (const auto& r : mixed(n, correct)) journal.append_query(r);
  }

  std::filesystem::path path;
};

TEST_F(Folder, every_analysis_reads_an_unfinished_run_and_leaves_it_alone) {
  write(12, 9);
  for (const auto& entry : analyses()) {
    const Result result = entry.make()->run(path, "", {});
    EXPECT_EQ(result.id, entry.name);
    EXPECT_EQ(Json::parse(result.json)["analysis"], entry.name);
    EXPECT_FALSE(result.tables.empty());
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path), {}), 1);
}

TEST_F(Folder, summary_and_report_agree) {
  write(12, 9);
  const Json summary = summary_sections(path, "");
  const Result report = profile_report(path, "");
  EXPECT_EQ(summary["efficiency"]["ipj"], *report.figures[5].value);
  EXPECT_EQ(summary["efficiency"]["accuracy"], 0.75);
}

TEST_F(Folder, compare_reads_several) {
  write(12, 9);
  const std::vector folders{path, path};
  EXPECT_EQ(compare(folders).tables[0].rows.size(), 2u);
}

TEST_F(Folder, an_unknown_option_is_refused_with_its_name) {
  write(2, 1);
  Params options;
  options.set("sede", "1");
  EXPECT_THROW(require("analysis", analyses(), "accuracy").make()->run(path, "", options), Error);
}

TEST(Original, regression_json_is_reproduced) {
  const std::filesystem::path folder = IPW_SOURCE_DIR "/tests/fixtures/original-run";
  const Json theirs = read_json_file((folder / "analysis/regression.json").string());
  const Json ours =
      Json::parse(require("analysis", analyses(), "regression").make()->run(folder, "", {}).json);
  EXPECT_EQ(ours["summary"]["total_samples"], theirs["summary"]["total_samples"]);
  EXPECT_EQ(ours["warnings"], theirs["warnings"]);
  for (const auto& [name, line] : theirs["data"]["regressions"].items()) {
    for (const auto& [key, value] : line.items()) {
      EXPECT_NEAR(ours["data"]["regressions"][name][key].get<double>(), value.get<double>(), 1e-9)
          << name << "." << key;
    }
  }
}

}  // namespace
}  // namespace ipw::analysis
