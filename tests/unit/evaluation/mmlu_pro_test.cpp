// SPDX-License-Identifier: Apache-2.0
#include "ipw/evaluation/mmlu_pro.h"

#include <gtest/gtest.h>

#include "score.h"

namespace ipw::evaluation {
namespace {

TEST(MmluPro, S4_reads_the_letter_with_the_official_patterns) {
  for (const Row& row :
       {Row{"B", "The answer is (B).", true}, Row{"B", "the answer is B, not C", true},
        Row{"B", "answer is (A), no: answer is (B)", false}, Row{"B", "Answer: B", true},
        Row{"C", "Answer: B. Answer: C", true}, Row{"B", "**Answer:** B", true},
        Row{"B", "It is B or C", false}, Row{"C", "It is B or C", true}, Row{"I", "I think so", true},
        Row{"B", "answer is Because", true}, Row{"J", "\u201cJ\u201d", true}, Row{"A", "\u00e9A", false},
        Row{"A", "A\u00e9 B", false}, Row{"D", "D_ D", true}})
    EXPECT_EQ(score("mmlu-pro", {row.answer}, row.response).correct, row.correct)
        << ::testing::PrintToString(row);
}
TEST(MmluPro, letters_beyond_the_options_count_as_officially) {
  const std::vector<std::string> four = {"w", "x", "y", "z"};
  EXPECT_EQ(score("mmlu-pro", {"B", "", four}, "Maybe B, I guess").extracted, "I");
  EXPECT_EQ(score("multiple-choice", {"B", "", four}, "Maybe B, I guess").extracted, "B");
  EXPECT_EQ(score("mmlu-pro", {"x", "", four}, "The answer is (B)").correct, true);
}
TEST(MmluPro, an_answer_of_a_megabyte_is_read_in_linear_time) {
  EXPECT_EQ(score("mmlu-pro", {"B"}, std::string(1 << 20, 'x') + " B").correct, true);
  EXPECT_EQ(score("mmlu-pro", {"B"}, std::string(1 << 20, 'A')).correct, false);
}
// CPython 3.11: random.seed(12345); [random.choice("ABCDEFGHIJ") for _ in range(6)].
TEST(MmluProTally, guesses_as_the_official_script) {
  const std::string_view expected = "GAEFDE";
  MmluProTally tally;
  for (std::size_t i = 0; i < 3; ++i)
    tally.add({.response = "no idea", .reference = expected.substr(3 + i, 1)});
  tally.add({.response = "The answer is (A).", .reference = "A"});
  const auto figures = tally.figures();
  ASSERT_EQ(figures.size(), 3U);
  EXPECT_DOUBLE_EQ(figures[0].value, 1);
  EXPECT_EQ(figures[1].value, 3);
  EXPECT_EQ(figures[2].value, 3);
  EXPECT_TRUE(MmluProTally().figures().empty());
}

}  // namespace
}  // namespace ipw::evaluation
