// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "score.h"

namespace ipw::evaluation {
namespace {

TEST(Gaia, S21_compares_numbers_lists_and_texts_by_the_exact_rule_alone) {
  for (const Row& row :
       {Row{"17", "FINAL ANSWER: 17", true}, Row{"17", "FINAL ANSWER: $17.0", true},
        Row{"89706.00", "89,706", true}, Row{"12", "12 apples", false}, Row{"a, b; 3", "A,b,3.0", true},
        Row{"a, b", "a", false}, Row{"a, b", "b, a", false}, Row{"Sea Gull", "seagull.", true},
        Row{"a., b", "a, b", false}, Row{"St. Paul", "st paul", true}, Row{"1e3", "1000", true},
        Row{"right", "Some thoughts\nright\n", true},
        Row{"right", "final answer: left\nFINAL ANSWER: right\nso.", true}})
    EXPECT_EQ(score("gaia", {row.answer}, row.response).correct, row.correct)
        << ::testing::PrintToString(row);
}
TEST(Gaia, X22_leaves_questions_with_a_hidden_reference_unscored) {
  EXPECT_FALSE(score("gaia", {"?"}, "FINAL ANSWER: 5").correct.has_value());
}
TEST(Gaia, nothing_is_no_answer) {
  EXPECT_EQ(score("gaia", {"5"}, "").metadata, R"({"class":"empty"})");
  EXPECT_EQ(score("gaia", {"5"}, "FINAL ANSWER:").correct, false);
}

}  // namespace
}  // namespace ipw::evaluation
