// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>

#include "ipw/analysis/sections.h"
#include "ipw/base/error.h"
#include "runs.h"

namespace ipw::analysis {
namespace {

using testing::Contains;
using testing::HasSubstr;

TEST(Compare, C14_shows_runs_side_by_side_with_paired_differences) {
  const std::array runs{run_of(mixed(40, 10), "small"), run_of(mixed(40, 30), "large")};
  const std::array<std::string, 2> names{"small", "large"};
  const Result result = comparison(runs, names, {});
  ASSERT_EQ(result.tables.size(), 2u);
  EXPECT_EQ(result.tables[0].rows.size(), 2u);
  EXPECT_THAT(result.tables[1].rows[0], Contains(HasSubstr("50.0 % [")));
  EXPECT_EQ(result.tables[1].rows[0][3], "different");
}

TEST(Compare, other_questions_are_not_paired) {
  auto others = mixed(10, 5);
  for (auto& r : others) r.problem += ", asked otherwise";
  const std::array runs{run_of(mixed(10, 5), "a"), run_of(others, "b")};
  const std::array<std::string, 2> names{"a", "b"};
  const Result result = comparison(runs, names, {});
  EXPECT_TRUE(result.tables[1].rows.empty());
  EXPECT_THAT(result.tables[1].notes, Contains("b: not paired, the runs do not hold the same questions"));
}

TEST(Compare, a_subset_of_the_questions_is_not_the_same_questions) {
  const std::array runs{run_of(mixed(10, 5), "a"), run_of(mixed(6, 3), "b")};
  const std::array<std::string, 2> names{"a", "b"};
  EXPECT_TRUE(comparison(runs, names, {}).tables[1].rows.empty());
}

TEST(Compare, the_same_run_twice_is_not_told_apart) {
  const std::array runs{run_of(mixed(10, 5)), run_of(mixed(10, 5))};
  const std::array<std::string, 2> names{"a", "b"};
  EXPECT_EQ(comparison(runs, names, {}).tables[1].rows[0][3], "not told apart");
}

TEST(Compare, energies_of_different_scopes_are_warned_of) {
  auto records = mixed(4, 2);
  for (auto& r : records) r.energy[0].scope = "package";
  const std::array runs{run_of(mixed(4, 2), "a"), run_of(records, "b")};
  const std::array<std::string, 2> names{"a", "b"};
  EXPECT_THAT(comparison(runs, names, {}).warnings, Contains(HasSubstr("they do not compare")));
}

using Folders = std::vector<std::filesystem::path>;

TEST(Compare, folders_of_a_shell_pattern_come_in_natural_order) {
  EXPECT_EQ(comparison_order({"runs/a_tiny_360k", "runs/a_tiny_36k", "runs/a_tiny_840k"}),
            (Folders{"runs/a_tiny_36k", "runs/a_tiny_360k", "runs/a_tiny_840k"}));
  EXPECT_EQ(comparison_order({"b-10/", "B_9/"}), (Folders{"B_9/", "b-10/"}));
}

TEST(Compare, any_other_order_is_kept) {
  const Folders folders{"runs/tiny_840k", "runs/tiny_36k", "runs/tiny_360k"};
  EXPECT_EQ(comparison_order(folders), folders);
}

TEST(Compare, without_folders_is_a_usage_error) {
  EXPECT_THROW(compare({}), Error);
}

}  // namespace
}  // namespace ipw::analysis
