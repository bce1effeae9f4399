// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "score.h"

namespace ipw::evaluation {
namespace {

TEST(Regex, matches_the_whole_trimmed_answer) {
  const Ask ask{"", R"({"pattern":"[a-z]+ [a-z]+"})"};
  EXPECT_TRUE(*score("regex", ask, " two words\n").correct);
  EXPECT_FALSE(*score("regex", ask, "three words here").correct);
}
TEST(Regex, leaves_a_question_without_pattern_unscored) {
  EXPECT_EQ(score("regex", {""}, "x").reason, "the question has no metadata.pattern");
}
TEST(Regex, leaves_a_broken_pattern_unscored) {
  EXPECT_FALSE(score("regex", {"", R"({"pattern":"("})"}, "x").correct.has_value());
}
TEST(Regex, leaves_a_pattern_that_takes_too_much_memory_unscored) {
  EXPECT_FALSE(score("regex", {"", R"({"pattern":"((a{100}){100}){100}"})"}, "a").correct.has_value());
}
TEST(Regex, refuses_backreferences_which_are_not_linear) {
  EXPECT_FALSE(score("regex", {"", R"({"pattern":"(a+)\\1"})"}, "aa").correct.has_value());
}

}  // namespace
}  // namespace ipw::evaluation
