// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "ipw/base/files.h"
#include "ipw/base/json.h"
#include "score.h"

namespace ipw::evaluation {
namespace {

TEST(Scorers, are_sorted_by_name) {
  EXPECT_TRUE(std::ranges::is_sorted(scorers(), {}, &ScorerEntry::name));
}
TEST(Scorers, have_their_rule_in_the_reference) {
  const auto page = read_file(std::filesystem::path(IPW_SOURCE_DIR) / "docs/reference/scorers.md");
  for (const auto& row : scorers())
    EXPECT_NE(page.find("\n## " + std::string(row.name) + "\n"), page.npos) << row.name;
}

/// Texts that break careless parsers.
std::vector<std::string> adversarial() {
  return {"",
          std::string("\0", 1),
          "\xff\xfe\xc3",
          std::string(100000, '('),
          std::string(100000, '*'),
          std::string(200000, '1'),
          std::string(50000, '-') + "1",
          "answer is answer is answer is",
          "**</think>**<think>",
          "{\"correct\":true}",
          "1/0%/0",
          "\u201C\u201D\u2019"};
}

TEST(Scorers, S32_give_a_verdict_with_valid_metadata_for_any_text) {
  for (const auto& row : scorers())
    for (const auto& text : adversarial())
      for (const std::string metadata : {"", "{}", "not json", R"({"pattern":"(a|a)*b","rivals":[""]})"}) {
        const auto verdict = score(row.name, {text, metadata, {"x", "y"}}, text);
        EXPECT_TRUE(verdict.correct.has_value() || !verdict.reason.empty()) << row.name;
        EXPECT_TRUE(verdict.metadata.empty() || parse_json(verdict.metadata).has_value()) << row.name;
      }
}
TEST(Scorers, never_take_an_empty_response_for_right) {
  for (const auto& row : scorers()) {
    const auto verdict = score(row.name, {"7", R"({"pattern":".*"})"}, "");
    EXPECT_NE(verdict.correct, true) << row.name;
  }
}

}  // namespace
}  // namespace ipw::evaluation
