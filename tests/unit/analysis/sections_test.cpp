// SPDX-License-Identifier: Apache-2.0
#include "ipw/analysis/sections.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ipw/analysis/format.h"
#include "runs.h"

namespace ipw::analysis {
namespace {

TEST(Sections, profile_metrics_have_the_rows_of_the_original) {
  const Json rows = sections(run_of(mixed(4, 2)), {})["profile_metrics"];
  std::vector<std::string> labels;
  for (const auto& row : rows) labels.push_back(row["label"]);
  EXPECT_THAT(labels, testing::ElementsAre("GPU Energy", "Latency", "TTFT", "Throughput", "Input Tokens",
                                           "Output Tokens", "Energy/Token", "Throughput/Watt"));
  EXPECT_EQ(rows[0]["avg"], 9.5);
  EXPECT_NEAR(rows[0]["std"], 1.2909944487358056, 1e-12);  // numpy.std([8, 9, 10, 11], ddof=1)
  EXPECT_EQ(rows[0]["unit"], "J");
  EXPECT_EQ(rows[2]["avg"], 500);
}

TEST(Sections, of_one_query_have_standard_deviation_zero) {
  EXPECT_EQ(sections(run_of({answered(0, true)}), {})["profile_metrics"][0]["std"], 0);
}

TEST(Sections, a_key_of_efficiency_exists_only_when_its_value_is_known) {
  auto records = mixed(4, 2);
  for (auto& r : records) r.energy.clear();
  const Json efficiency = sections(run_of(records), {})["efficiency"];
  EXPECT_TRUE(efficiency.contains("accuracy"));
  EXPECT_FALSE(efficiency.contains("ipj"));
  EXPECT_FALSE(efficiency.contains("total_energy_j"));
}

TEST(Sections, statistics_tell_outcomes_and_missing_energies_with_reasons) {
  auto records = mixed(4, 2);
  records[0].energy.clear();
  records.push_back(failed(4));
  const Json s = sections(run_of(records), {})["statistics"];
  EXPECT_EQ(s["queries"], 5);
  EXPECT_EQ(s["failed"], 1);
  EXPECT_EQ(s["energy_samples"], 4);
  EXPECT_EQ(s["energy_missing"]["no energy was measured"], 1);
}

TEST(ProfileReport, begins_with_accuracy_and_prints_scope_method_interval_and_n) {
  const Result result = profile_result(run_of(mixed(10, 5)), {});
  ASSERT_EQ(result.tables.size(), 2u);
  EXPECT_EQ(result.tables[0].title, "Accuracy");
  std::vector<std::string> labels;
  for (const auto& f : result.figures) {
    labels.push_back(f.label);
    EXPECT_TRUE(f.value && f.interval) << f.label;
    EXPECT_FALSE(f.method.empty()) << f.label;
    EXPECT_EQ(f.n, 10u) << f.label;
  }
  EXPECT_THAT(labels, testing::ElementsAre("accuracy", "energy per query", "power", "TTFT", "throughput",
                                           "IPJ", "IPW"));
  EXPECT_EQ(result.figures[5].scope, "accelerator");
}

TEST(ProfileReport, M51_of_queries_without_token_counts_has_tables_and_json) {
  auto records = mixed(4, 2);
  for (auto& record : records) record.tokens = {};
  const Result result = profile_result(run_of(records), {});
  ASSERT_FALSE(result.tables.empty());
  EXPECT_EQ(result.tables[0].rows.size(), 3u);
  EXPECT_TRUE(parse_json(result.json));
}

TEST(Format, writes_three_significant_digits) {
  EXPECT_EQ(number(0), "0");
  EXPECT_EQ(number(12.345), "12.3");
  EXPECT_EQ(number(0.012345), "0.0123");
  EXPECT_EQ(number(123456), "123456");
  EXPECT_EQ(number(0.0000123), "1.23e-05");
  EXPECT_EQ(number(-1.5), "-1.50");
}

}  // namespace
}  // namespace ipw::analysis
