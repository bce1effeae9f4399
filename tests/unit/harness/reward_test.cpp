// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/reward.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ipw/base/json.h"

namespace ipw::harness {
namespace {

TEST(Reward, S14_is_read_from_json_before_text) {
  const auto verdict = judge_reward(R"({"reward": 0.25})", "1", R"({"harness": "harbor"})");
  EXPECT_EQ(verdict.correct, false);
  EXPECT_EQ(verdict.score, 0.25);
  EXPECT_EQ(Json::parse(verdict.metadata), (Json{{"harness", "harbor"}, {"rewards", {{"reward", 0.25}}}}));
}
TEST(Reward, of_one_or_more_is_solved) {
  EXPECT_EQ(judge_reward({}, "1\n", "{}").correct, true);
  EXPECT_EQ(judge_reward({}, " 1.0 ", "{}").score, 1.0);
  EXPECT_EQ(judge_reward({}, "0.999", "{}").correct, false);
  EXPECT_EQ(judge_reward("2.5", {}, "{}").score, 1.0);
  EXPECT_EQ(judge_reward(R"({"passed": true})", {}, "{}").correct, true);
  EXPECT_EQ(judge_reward(R"({"speed": 3, "reward": 0})", {}, "{}").correct, false);
}
TEST(Reward, S14_that_is_missing_empty_or_no_number_is_unscored) {
  const std::optional<std::string> none;
  for (const auto& [json, text] :
       std::vector<std::pair<std::optional<std::string>, std::optional<std::string>>>{
           {none, none},
           {none, ""},
           {none, "\n"},
           {none, "nan"},
           {none, "inf"},
           {none, "one"},
           {"", "1"},
           {"{", "1"},
           {"{}", "1"},
           {R"({"reward": "1"})", "1"},
           {R"({"reward": 1e999})", none},
           {R"({"a": 1, "b": 1})", none},
           {"[1]", none}}) {
    const auto verdict = judge_reward(json, text, "{}");
    EXPECT_FALSE(verdict.correct) << json.value_or("-") << text.value_or("-");
    EXPECT_FALSE(verdict.score);
    EXPECT_TRUE(verdict.reason.starts_with("harness error: ")) << verdict.reason;
  }
}

}  // namespace
}  // namespace ipw::harness
