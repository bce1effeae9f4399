// SPDX-License-Identifier: Apache-2.0
// Law 8: analyses of long runs stay in constant memory and say the same as those of short ones.
#include "ipw/analysis/rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <ranges>

#include "ipw/analysis/accuracy.h"
#include "ipw/analysis/efficiency.h"
#include "ipw/analysis/regression.h"
#include "ipw/analysis/sections.h"
#include "ipw/stats/bootstrap.h"
#include "ipw/stats/random.h"
#include "runs.h"

namespace ipw::analysis {
namespace {

namespace fs = std::filesystem;

/// Questions with energies that vary, every `repeats` of them the same question.
RunData long_run(int n, int repeats = 1) {
  stats::Random random(5);
  Collector collector;
  for (int i = 0; i < n; ++i) {
    auto r = answered(i, random.uniform() < 0.4, 5 + 10 * random.uniform(), 1 + random.uniform());
    r.problem = "question " + std::to_string(i / repeats);
    r.tokens.output = 10 + i % 50;
    collector.add(r);
  }
  return std::move(collector).finish("tiny");
}

double half_width(const Figure& figure) {
  return (figure.interval->high - figure.interval->low) / 2;
}

TEST(Rows, come_back_as_they_were_added_as_often_as_asked) {
  for (const std::size_t n :
       {std::size_t{0}, std::size_t{1}, Rows::kHeld, Rows::kHeld + 1, 3 * Rows::kHeld + 7}) {
    Rows rows(fs::temp_directory_path());
    for (std::size_t i = 0; i < n; ++i) {
      QueryRow row;
      row.question = i;
      row.joules = 0.5 * static_cast<double>(i);
      rows.push_back(row);
    }
    EXPECT_EQ(rows.size(), n);
    for (int pass = 0; pass < 2; ++pass) {
      std::size_t i = 0;
      for (const auto& row : rows) {
        ASSERT_EQ(row.question, i);
        ASSERT_EQ(row.joules, 0.5 * static_cast<double>(i));
        ++i;
      }
      EXPECT_EQ(i, n);
    }
  }
}

TEST(Rows, M41_energies_of_another_scope_are_absent_also_on_disk) {
  Collector collector;
  for (int i = 0; i < 9000; ++i) {
    auto r = answered(i, true);
    if (i % 3 == 0) r.energy[0].scope = "package";
    collector.add(r);
  }
  const RunData run = std::move(collector).finish("tiny");
  std::size_t with_energy = 0;
  for (const auto& row : run.rows) with_energy += row.joules.has_value();
  EXPECT_EQ(with_energy, 6000U);
  EXPECT_EQ(run.no_energy.at("measured as package, not as accelerator"), 3000U);
}

TEST(Rows, leave_nothing_in_the_folder_of_the_run) {
  const auto folder = fs::path(IPW_BINARY_DIR) / "rows_test";
  fs::remove_all(folder);
  fs::create_directories(folder);
  Rows rows(folder);
  for (std::size_t i = 0; i < 2 * Rows::kHeld; ++i) rows.push_back({});
  EXPECT_TRUE(fs::is_empty(folder));
}

TEST(LongRun, quantiles_on_disk_are_those_in_memory) {
  const RunData run = long_run(10'000);
  const auto joules = [](const QueryRow& row) { return row.joules; };
  const auto disk = describe(run.rows, joules, 100), memory = describe(run.rows, joules, 100'000);
  EXPECT_EQ(disk->summary.median, memory->summary.median);
  EXPECT_EQ(disk->p90, memory->p90);
  EXPECT_EQ(disk->p99, memory->p99);
  EXPECT_EQ(disk->summary.mean, memory->summary.mean);
  EXPECT_EQ(disk->summary.max, memory->summary.max);
  EXPECT_NEAR(disk->summary.stddev, memory->summary.stddev, 1e-9);
  EXPECT_FALSE(describe(run.rows, [](const QueryRow&) { return std::optional<double>(); }));
}

TEST(LongRun, intervals_over_groups_are_as_wide_as_over_questions) {
  const RunData run = long_run(20'000);
  ASSERT_EQ(run.questions, 20'000U);
  std::vector<std::array<double, 2>> sums;
  for (const auto& row : run.rows) sums.push_back({*row.joules, 1});
  const auto mean = [](const auto& s) { return std::optional(s[0] / s[1]); };
  const auto exact = *stats::bootstrap_sums<2>(sums, mean, 0, 2000);
  const Figure grouped =
      estimate(run, mean_of("energy", "J", [](const QueryRow& r) { return r.joules; }), {});
  EXPECT_EQ(grouped.method, "bootstrap over 20000 questions in 4096 groups");
  EXPECT_NEAR(half_width(grouped) / ((exact.high - exact.low) / 2), 1, 0.08);
  EXPECT_NEAR((grouped.interval->high + grouped.interval->low) / 2, (exact.high + exact.low) / 2,
              0.2 * half_width(grouped));
}

TEST(LongRun, repeats_of_a_question_stay_together_in_their_group) {
  // Ten equal answers to each question are worth one.
  const RunData once = long_run(5000);
  Collector collector;
  stats::Random random(5);
  for (int i = 0; i < 5000; ++i) {
    const bool correct = random.uniform() < 0.4;
    for (int k = 0; k < 10; ++k) collector.add(answered(i, correct));
  }
  const RunData often = std::move(collector).finish("tiny");
  ASSERT_EQ(often.questions, 5000U);
  ASSERT_EQ(often.rows.size(), 50'000U);
  EXPECT_NEAR(half_width(accuracy_figure(often, {})) / half_width(accuracy_figure(once, {})), 1, 0.1);
}

TEST(LongRun, does_not_depend_on_the_order_of_its_queries) {
  std::vector<records::QueryRecord> records = mixed(6000, 2000), reversed = records;
  std::ranges::reverse(reversed);
  const Efficiency a = efficiency_of(run_of(records), {}), b = efficiency_of(run_of(reversed), {});
  EXPECT_NEAR(a.ipj.interval->low, b.ipj.interval->low, 1e-9);
  EXPECT_NEAR(a.ipj.interval->high, b.ipj.interval->high, 1e-9);
  EXPECT_EQ(a.accuracy.interval->low, b.accuracy.interval->low);
}

TEST(LongRun, its_lines_and_paired_differences_are_found) {
  const RunData run = long_run(9000), again = long_run(9000);
  for (const auto& line : regressions_of(run)) EXPECT_EQ(line.count, 9000U) << line.name;
  const std::array runs{run, again};
  const std::array<std::string, 2> names{"a", "b"};
  const auto table = comparison(runs, names, {.draws = 100}).tables.at(1);
  EXPECT_EQ(table.rows.at(0).at(2), "9000");
  EXPECT_EQ(table.rows.at(0).at(3), "not told apart");
}

TEST(LongRun, texts_that_are_new_with_every_query_do_not_pile_up) {
  Collector collector;
  for (int i = 0; i < 20'000; ++i) {
    auto r = unscored(i, "reason number " + std::to_string(i));
    r.subject = "subject number " + std::to_string(i);
    collector.add(r);
  }
  const RunData run = std::move(collector).finish("tiny");
  EXPECT_LE(run.subjects.size(), kMostSubjects + 1);
  EXPECT_LE(run.unscored.size(), kMostReasons + 1);
  EXPECT_EQ(run.unscored.at("other reasons"), 20'000 - kMostReasons);
  EXPECT_EQ(accuracy_of(run, {}).counts.unscored, 20'000U);
}

}  // namespace
}  // namespace ipw::analysis
