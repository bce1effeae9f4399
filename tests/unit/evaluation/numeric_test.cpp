// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "score.h"

namespace ipw::evaluation {
namespace {

class NumericTable : public ::testing::TestWithParam<Row> {};
TEST_P(NumericTable, decides) {
  const auto verdict = score("numeric", {GetParam().answer}, GetParam().response);
  EXPECT_EQ(verdict.correct, GetParam().correct) << verdict.extracted;
}
INSTANTIATE_TEST_SUITE_P(
    Numeric, NumericTable,
    ::testing::Values(Row{"5", "5", true}, Row{"5", "2 + 3 = 5", true}, Row{"5", "The answer is 5.", true},
                      Row{"12", "Answer: 12", true}, Row{"12", "Answer: 12 (of 15)", true},
                      Row{"7", "Answer: 3 + 4 = 7", true},
                      Row{"12", "The answer is **12**, as 15 - 3.", true},
                      Row{"72", "So it is\n#### 72", true}, Row{"1234", "1,234", true},
                      Row{"1,234", "1234.0", true}, Row{"-3", "-3", true}, Row{"-3", "3", false},
                      Row{"3", "5-3", true}, Row{"0.5", "1/2", true}, Row{"1/2", "0.5", true},
                      Row{"0.5", "50%", true}, Row{"50%", "50", true}, Row{"50", "50 %", true},
                      Row{"1/3", "0.333", false}, Row{"0.1", "10%", true}, Row{"7", "seven", true},
                      Row{"21", "It is twenty-one", true}, Row{"5", "15", false}, Row{"5", "5.0001", false},
                      Row{"5", "", false}, Row{"5", "none", false}, Row{"0", "0", true}, Row{"0", "-0", true},
                      Row{"12345678901", "12345678902", false}, Row{"5", "<think>5", false},
                      Row{"2", "H2O", false}, Row{"5", "First answer: 4. No, answer: 5", true}));

TEST(Numeric, S3_scores_equal_forms_as_equal_without_a_judge) {
  EXPECT_TRUE(*score("numeric", {"0.5"}, "1/2").correct);
}
TEST(Numeric, allows_the_tolerance_of_the_question) {
  EXPECT_TRUE(*score("numeric", {"3.14", R"({"tolerance":0.01})"}, "3.142").correct);
  EXPECT_FALSE(*score("numeric", {"3.14", R"({"tolerance":0.001})"}, "3.142").correct);
}
TEST(Numeric, leaves_a_negative_tolerance_unscored) {
  EXPECT_FALSE(score("numeric", {"3", R"({"tolerance":-1})"}, "3").correct.has_value());
}
TEST(Numeric, leaves_a_reference_that_is_not_one_number_unscored) {
  EXPECT_EQ(score("numeric", {"blue"}, "5").reason, "the reference 'blue' is not one number");
  EXPECT_FALSE(score("numeric", {"1 2"}, "1").correct.has_value());
}
TEST(Numeric, keeps_a_truncated_answer_without_number_apart) {
  EXPECT_EQ(score("numeric", {"5", "", {}, "length"}, "Let us see").metadata, R"({"class":"truncated"})");
}

}  // namespace
}  // namespace ipw::evaluation
