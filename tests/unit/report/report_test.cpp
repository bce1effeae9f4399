// SPDX-License-Identifier: Apache-2.0
#include "ipw/report/report.h"

#include <gtest/gtest.h>

#include "ipw/base/text.h"
#include "support/golden.h"

namespace ipw::report {
namespace {

analysis::Result sample() {
  analysis::Table table;
  table.title = "Accuracy";
  table.columns = {"subject", "accuracy [95 %]", "n"};
  table.right_aligned = {false, true, true};
  table.rows = {{"Mathématiques", "62.5 % [41.0, 80.1]", "24"},
                {"数学 | <b>", "-", "0"},
                {"=cmd, \"x\"", "100.0 % [20.7, 100.0]", "1"}};
  table.notes = {"1 unscored: judge was silent (1)"};
  analysis::Result result;
  result.id = "accuracy";
  result.tables = {table, table};
  result.warnings = {"1 of 26 queries failed; they count as wrong"};
  result.json = "{}\n";
  return result;
}

/// As wide as a comparison of three models is: 10 columns, most of them with intervals.
analysis::Result wide() {
  analysis::Table table;
  table.title = "Comparison";
  table.columns = {"model",    "n",        "accuracy",  "J/query",   "W",
                   "tokens/s", "TTFT [s]", "IPJ [1/J]", "IPW [1/W]", "scope"};
  table.right_aligned = {false, true, true, true, true, true, true, true, true, false};
  for (const auto* model : {"tiny-36k", "tiny-360k"})
    table.rows.push_back({model, "480", "41.2 % [36.9, 45.7]", "0.00463 [0, 0.0107]", "4.51 [0, 10.4]",
                          "1234 [1200, 1270]", "0.000612 [0.000601, 0.000623]", "89.0 [0, 207]",
                          "0.0914 [0, 0.212]", "package"});
  table.notes = {"[ ] is the 95 % interval"};
  analysis::Result result;
  result.tables = {table};
  return result;
}

TEST(Golden, console_without_a_terminal) {
  expect_golden("report_plain.txt", render_console(sample(), {}));
}
TEST(Golden, console_on_a_terminal) {
  expect_golden("report_terminal.txt", render_console(sample(), {80, true}));
}
TEST(Golden, console_that_is_narrow) {
  expect_golden("report_narrow.txt", render_console(sample(), {36, false}));
}
TEST(Golden, comparison_in_80_columns) {
  expect_golden("report_compare_80.txt", render_console(wide(), {80, false}));
}
TEST(Golden, comparison_in_40_columns) {
  expect_golden("report_compare_40.txt", render_console(wide(), {40, false}));
}
TEST(Golden, markdown) {
  expect_golden("report_markdown.txt", render_markdown(sample()));
}
TEST(Golden, csv) {
  expect_golden("report_csv.txt", render_csv(sample()));
}

TEST(Console, is_free_of_escapes_without_a_terminal) {
  EXPECT_EQ(render_console(sample(), {}).find('\x1b'), std::string::npos);
}

TEST(Console, text_from_outside_cannot_steer_the_terminal) {
  auto result = sample();
  result.tables[0].rows[0][0] = "\x1b[2J\xc2\x9b";
  result.warnings = {"\x1b]0;title\x07"};
  EXPECT_EQ(render_console(result, {}).find('\x1b'), std::string::npos);
  EXPECT_EQ(render_console(result, {}).find("\xc2\x9b"), std::string::npos);
}

TEST(Console, never_cuts_a_number) {
  EXPECT_NE(render_console(sample(), {20, false}).find("62.5 % [41.0, 80.1]"), std::string::npos);
}

TEST(Console, no_line_of_a_comparison_is_wider_than_80_columns_and_nothing_is_cut) {
  const std::string text = render_console(wide(), {80, false});
  for (const auto line : split(text, '\n')) EXPECT_LE(display_width(line), 80u) << line;
  EXPECT_EQ(text.find("..."), std::string::npos);
}

TEST(Console, a_row_names_what_it_is_however_narrow_the_console) {
  auto result = wide();
  result.tables[0].rows[0][0] = std::string(100, 'm') + "1";
  EXPECT_NE(render_console(result, {40, false}).find("m1  480\n"), std::string::npos);
}

TEST(Width, counts_columns_not_bytes) {
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("é"), 1u);
  EXPECT_EQ(display_width("e\u0301"), 1u);
  EXPECT_EQ(display_width("数学"), 4u);
  EXPECT_EQ(display_width("\xff"), 1u);
}

TEST(Width, fit_cuts_between_characters) {
  EXPECT_EQ(fit("abcdef", 6), "abcdef");
  EXPECT_EQ(fit("abcdefg", 6), "abc...");
  EXPECT_EQ(fit("数学数学", 6), "数...");
  EXPECT_EQ(fit("abc", 2), "..");
}

}  // namespace
}  // namespace ipw::report
