// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "score.h"

namespace ipw::evaluation {
namespace {

const std::vector<std::string> kOptions = {"red", "green", "blue (dark)", "a + b"};

TEST(SuperGpqa, reads_the_letter_with_the_official_patterns) {
  for (const Row& row :
       {Row{"B", "Some thoughts.\nAnswer: B", true}, Row{"B", "The final answer is: (B).", true},
        Row{"B", "The best option is $\\boxed{B}$", true}, Row{"B", "ANSWER: **B**", true},
        Row{"B", "$\\boxed{\\text{B}}$", true}, Row{"B", "(B).", true}, Row{"B", "answer: b", false},
        Row{"C", "Answer: B\nand then\nAnswer: C", true}, Row{"A", "Answer: A\nSo sure of that.", true},
        Row{"A", "Answer: A\nI am sure of that.", false}, Row{"B", "**Answer**: B", true},
        Row{"B", "The answer is Because", false}, Row{"D", "I think that D", false}})
    EXPECT_EQ(score("supergpqa", {row.answer, "", kOptions}, row.response).correct, row.correct)
        << ::testing::PrintToString(row);
}
TEST(SuperGpqa, reads_the_text_of_an_option_where_there_is_no_letter) {
  EXPECT_EQ(score("supergpqa", {"B", "", kOptions}, "The answer is green.").extracted, "B");
  EXPECT_EQ(score("supergpqa", {"C", "", kOptions}, "So: the correct answer is **blue (dark)**.").extracted,
            "C");
  EXPECT_EQ(score("supergpqa", {"B", "", kOptions}, "no idea at all").metadata, R"({"class":"unparsed"})");
}
TEST(SuperGpqa, is_linear_in_hostile_answers) {
  for (const std::string piece : {"{", "\\boxed{", "The answer is ", "the ", "(", "* "}) {
    std::string many;
    while (many.size() < 1 << 20) many += piece;
    EXPECT_EQ(score("supergpqa", {"B", "", kOptions}, many).correct, false) << piece;
  }
}
TEST(SuperGpqa, needs_a_letter_as_reference) {
  EXPECT_FALSE(score("supergpqa", {"green", "", kOptions}, "Answer: B").correct.has_value());
}

}  // namespace
}  // namespace ipw::evaluation
