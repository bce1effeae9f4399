// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "score.h"

namespace ipw::evaluation {
namespace {

TEST(Gsm8k, takes_the_last_number_and_compares_its_text) {
  for (const Row& row :
       {Row{"18", "9 and 9 make 18.", true}, Row{"1,234", "It costs $1234", true}, Row{"18", "18.00", false},
        Row{"-3", "so -3", true}, Row{"18", "18 of 20", false}, Row{"18", "18, that is it...", false},
        Row{"18", "eighteen", false}, Row{"9*2 = 18\n#### 18", "18", true}})
    EXPECT_EQ(score("gsm8k", {row.answer}, row.response).correct, row.correct)
        << ::testing::PrintToString(row);
}
TEST(Gsm8k, tells_both_filters) {
  EXPECT_EQ(score("gsm8k", {"18"}, "#### 18\nChecked 2 times").metadata,
            R"({"class":"parsed","strict_match":true,"flexible_extract":false})");
  EXPECT_EQ(score("gsm8k", {"18"}, "The answer is 18").metadata,
            R"({"class":"parsed","strict_match":false,"flexible_extract":true})");
}
TEST(Gsm8k, has_no_answer_in_reasoning_that_never_ended) {
  EXPECT_EQ(score("gsm8k", {"18"}, "<think>#### 18").metadata, R"({"class":"empty"})");
}
TEST(Gsm8k, reads_a_megabyte) {
  EXPECT_EQ(score("gsm8k", {"18"}, std::string(1 << 20, '-') + " 18").correct, true);
}

}  // namespace
}  // namespace ipw::evaluation
