// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "score.h"

namespace ipw::evaluation {
namespace {

TEST(Gpqa, takes_the_first_answer_line_with_the_official_pattern) {
  for (const Row& row : {Row{"B", "Answer: B", true}, Row{"B", "so ANSWER \t:\t$B$", true},
                         Row{"B", "Answer: B\nAnswer: C", true}, Row{"C", "Answer: B\nAnswer: C", false},
                         Row{"B", "The answer is B", false}, Row{"B", "Answer: (B)", false},
                         Row{"B", "Answer:\nB", false}, Row{"B", "**Answer**: B", false}})
    EXPECT_EQ(score("gpqa", {row.answer}, row.response).correct, row.correct)
        << ::testing::PrintToString(row);
}
TEST(Gpqa, reads_a_small_letter_which_is_wrong_as_officially) {
  const auto verdict = score("gpqa", {"B"}, "answer: b");
  EXPECT_EQ(verdict.extracted, "b");
  EXPECT_EQ(verdict.correct, false);
}
TEST(Gpqa, S3_decides_without_a_judge) {
  EXPECT_EQ(score("gpqa", {"x", "", {"w", "x", "y", "z"}}, "Answer: B").correct, true);
  EXPECT_EQ(score("gpqa", {"B"}, "I do not know").metadata, R"({"class":"unparsed"})");
}
TEST(Gpqa, ignores_answers_inside_of_the_reasoning) {
  EXPECT_EQ(score("gpqa", {"B"}, "<think>Answer: A</think>Answer: B").correct, true);
  EXPECT_EQ(score("gpqa", {"B"}, "<think>Answer: B").metadata, R"({"class":"empty"})");
}
TEST(Gpqa, leaves_a_question_without_a_usable_reference_unscored) {
  EXPECT_FALSE(score("gpqa", {"E"}, "Answer: A").correct.has_value());
}

}  // namespace
}  // namespace ipw::evaluation
