// SPDX-License-Identifier: Apache-2.0
#include "ipw/analysis/regression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ipw/analysis/analysis.h"
#include "ipw/base/error.h"
#include "runs.h"

namespace ipw::analysis {
namespace {

using testing::Contains;
using testing::HasSubstr;

std::vector<records::QueryRecord> growing(int n) {
  std::vector<records::QueryRecord> out;
  for (int i = 0; i < n; ++i) {
    auto r = answered(i, true, 3 + 2.0 * i, 1 + 0.5 * i);
    r.tokens.input = 10;
    r.tokens.output = 10 + i;
    out.push_back(r);
  }
  return out;
}

const Regression& named(const std::vector<Regression>& all, const std::string& name) {
  return *std::ranges::find(all, name, &Regression::name);
}

TEST(Regression, finds_the_line_of_energy_over_total_tokens) {
  const auto all = regressions_of(run_of(growing(10)));
  const auto& r = named(all, "total_tokens_vs_energy");
  EXPECT_NEAR(r.line->slope, 2, 1e-12);
  EXPECT_NEAR(r.line->intercept, 3 - 2 * 20, 1e-10);
  EXPECT_NEAR(*r.mean_y, 12, 1e-12);
}

TEST(Regression, M62_lines_have_intervals) {
  const Json json = Json::parse(regression_result(run_of(mixed(10, 5)), false).json);
  EXPECT_TRUE(json["data"]["regressions"]["total_tokens_vs_energy"]["slope_95"].is_null());  // one x only
  auto records = growing(10);
  records[4].energy[0].joules = 30;
  const Json lines = Json::parse(regression_result(run_of(records), false).json)["data"]["regressions"];
  EXPECT_LT(lines["total_tokens_vs_energy"]["slope_95"][0], lines["total_tokens_vs_energy"]["slope"]);
}

TEST(Regression, M64_avg_y_holds_only_what_is_in_the_fit) {
  auto records = growing(4);
  records[0].energy[0].joules = -100;
  const RunData run = run_of(records);
  const auto all = regressions_of(run);
  EXPECT_EQ(named(all, "total_tokens_vs_energy").count, 3u);
  EXPECT_NEAR(*named(all, "total_tokens_vs_energy").mean_y, 7, 1e-12);
  EXPECT_THAT(regression_result(run, false).warnings, Contains(HasSubstr("negative or non-finite")));
}

TEST(Regression, C11_skip_zeroes_false_keeps_regressions_without_a_line) {
  const RunData run = run_of({answered(0, true)});
  EXPECT_EQ(Json::parse(regression_result(run, false).json)["data"]["regressions"].size(), 5u);
  EXPECT_EQ(Json::parse(regression_result(run, true).json)["data"]["regressions"].size(), 0u);
}

TEST(Regression, C23_states_x_and_y) {
  const Json lines = Json::parse(regression_result(run_of(growing(3)), false).json)["data"]["regressions"];
  EXPECT_EQ(lines["total_tokens_vs_energy"]["x"], "total tokens");
  EXPECT_EQ(lines["total_tokens_vs_power"]["y"], "power [W]");
}

TEST(Regression, power_is_the_gauge_where_the_run_has_one) {
  auto records = growing(3);
  for (auto& r : records) r.gpu_power_watts = records::Stats{100, 100, 100, 100};
  const auto all = regressions_of(run_of(records));
  EXPECT_EQ(*named(all, "total_tokens_vs_power").mean_y, 100);
  EXPECT_EQ(named(all, "total_tokens_vs_power").y, "accelerator power [W]");
}

TEST(Regression, zero_power_is_left_out_and_zero_energy_is_kept) {
  auto records = growing(4);
  records[0].energy[0].joules = 0;
  const auto all = regressions_of(run_of(records));
  EXPECT_EQ(named(all, "total_tokens_vs_energy").count, 4u);
  EXPECT_EQ(named(all, "total_tokens_vs_power").count, 3u);
}

}  // namespace
}  // namespace ipw::analysis
