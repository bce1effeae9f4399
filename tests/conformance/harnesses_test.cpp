// SPDX-License-Identifier: Apache-2.0
// What every row of the registry of harnesses must have.
#include <gtest/gtest.h>

#include <algorithm>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/evaluation/grader.h"
#include "ipw/harness/harness.h"

namespace ipw::harness {
namespace {

HarnessOptions options() {
  return {.engine = "unix:///no/such/engine.sock", .data_dir = IPW_SOURCE_DIR "/data"};
}

TEST(Harnesses, are_sorted_by_name) {
  EXPECT_TRUE(std::ranges::is_sorted(harnesses(), {}, &HarnessEntry::name));
}

class EveryHarness : public testing::TestWithParam<HarnessEntry> {};

TEST_P(EveryHarness, has_a_row_in_the_reference) {
  const auto page = read_file(IPW_SOURCE_DIR "/docs/reference/harnesses.md");
  EXPECT_NE(page.find("\n## " + std::string(GetParam().name) + "\n"), std::string::npos);
}
TEST_P(EveryHarness, is_no_rule_of_answers) {
  EXPECT_EQ(find(evaluation::scorers(), GetParam().name), nullptr);
  for (const auto& row : evaluation::graders()) EXPECT_NE(row.name, GetParam().name);
}
TEST_P(EveryHarness, S11_says_what_is_missing_in_a_question) {
  const auto harness = GetParam().make(options());
  for (const auto* metadata : {"", "[]", "{}"}) {
    datasets::Question question;
    question.id = "task";
    question.metadata = metadata;
    EXPECT_THROW(harness->open(question, {}), Error) << metadata;
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, EveryHarness, testing::ValuesIn(harnesses().begin(), harnesses().end()),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace ipw::harness
