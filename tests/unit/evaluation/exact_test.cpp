// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "score.h"

namespace ipw::evaluation {
namespace {

class ExactTable : public ::testing::TestWithParam<Row> {};
TEST_P(ExactTable, decides) {
  const auto verdict = score("exact", {GetParam().answer}, GetParam().response);
  EXPECT_EQ(verdict.correct, GetParam().correct) << verdict.extracted;
}
INSTANTIATE_TEST_SUITE_P(
    Exact, ExactTable,
    ::testing::Values(Row{"Paris", "paris", true}, Row{"Paris", "Paris.", true},
                      Row{"Paris", "**Paris**", true}, Row{"Paris", "\"Paris\"", true},
                      Row{"Paris", "Answer: Paris", true}, Row{"Paris", "The answer is Paris.", true},
                      Row{"the sun", "Sun", true}, Row{"12 45 78", "12  45 78\n", true},
                      Row{"Paris", "Paris, France", false}, Row{"12 45 78", "12 45 87", false},
                      Row{"Paris", "The capital is Paris", false}, Row{"no", "not", false},
                      Row{"3.5", "35", false}, Row{"A", "a", true}, Row{"?", "?", true}, Row{"?", "!", false},
                      Row{"Paris", "<think>Rome</think>Paris", true}));

class ExactCaseTable : public ::testing::TestWithParam<Row> {};
TEST_P(ExactCaseTable, decides) {
  EXPECT_EQ(score("exact-case", {GetParam().answer}, GetParam().response).correct, GetParam().correct);
}
INSTANTIATE_TEST_SUITE_P(ExactCase, ExactCaseTable,
                         ::testing::Values(Row{"cat", "cat", true}, Row{"cat", "Cat", false},
                                           Row{"CAT", " CAT.\n", true}, Row{"CAT", "\"CAT\"", true},
                                           Row{"CAT", "\"CAT.\"", true}, Row{"CAT", "`CAT`.", true},
                                           Row{"a-b", "a b", false}, Row{"...", "...", true},
                                           Row{"the cat", "cat", false}, Row{"\"", "\"", true}));

TEST(Exact, accepts_an_alias) {
  EXPECT_TRUE(*score("exact", {"United States", R"({"aliases":["USA"]})"}, "The USA").correct);
}
TEST(Exact, S39_takes_an_empty_response_for_wrong_without_a_judge) {
  const auto verdict = score("exact", {"Paris"}, " \n");
  EXPECT_EQ(verdict.correct, false);
  EXPECT_EQ(verdict.metadata, R"({"class":"empty"})");
}
TEST(Exact, leaves_a_question_without_reference_unscored) {
  const auto verdict = score("exact", {" "}, "Paris");
  EXPECT_FALSE(verdict.correct.has_value());
  EXPECT_EQ(verdict.reason, "the question has no reference answer");
}
TEST(Exact, tells_that_a_judged_answer_was_truncated) {
  EXPECT_EQ(score("exact", {"Paris", "", {}, "length"}, "Paris").metadata,
            R"({"class":"parsed","truncated":true})");
}

}  // namespace
}  // namespace ipw::evaluation
