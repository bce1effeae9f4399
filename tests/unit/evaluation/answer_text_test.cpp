// SPDX-License-Identifier: Apache-2.0
#include "ipw/evaluation/answer_text.h"

#include <gmock/gmock.h>

namespace ipw::evaluation {
namespace {

using ::testing::ElementsAre;

TEST(FinalText, is_what_follows_the_reasoning) {
  EXPECT_EQ(final_text("<think>4? 5?</think>\n 6 "), "6");
}
TEST(FinalText, is_empty_when_the_reasoning_never_ended) {
  EXPECT_EQ(final_text("<think>4? 5?"), "");
}
TEST(FinalText, takes_the_last_end_of_reasoning) {
  EXPECT_EQ(final_text("a</think>b</think>c"), "c");
}

TEST(StripOuter, drops_nested_marks) {
  EXPECT_EQ(strip_outer(" **\"(Paris).\"** "), "Paris");
}
TEST(StripOuter, drops_typographic_quotes) {
  EXPECT_EQ(strip_outer("\u201CParis\u201D."), "Paris");
}
TEST(StripOuter, leaves_nothing_of_marks_alone) {
  EXPECT_EQ(strip_outer(" ...!"), "");
}
TEST(StripOuter, keeps_marks_inside) {
  EXPECT_EQ(strip_outer("3.5"), "3.5");
}

TEST(Words, are_lower_case_and_without_articles) {
  EXPECT_THAT(words("The cat's A-team, (2x)!"), ElementsAre("cat's", "team", "2x"));
}
TEST(Words, keep_letters_beyond_ascii_whole) {
  EXPECT_THAT(words("Łódź, é"), ElementsAre("Łódź", "é"));
}

TEST(Normalise, drops_the_lead_in) {
  EXPECT_EQ(normalise("The final answer is: **Blue**."), "blue");
}
TEST(Normalise, drops_articles_and_extra_space) {
  EXPECT_EQ(normalise("the  Pacific\n Ocean"), "pacific ocean");
}
TEST(Normalise, keeps_an_answer_that_is_only_an_article) {
  EXPECT_EQ(normalise("the"), "the");
}
TEST(Normalise, keeps_an_answer_that_is_only_marks) {
  EXPECT_EQ(normalise(" !? "), "!?");
}
TEST(Normalise, keeps_a_word_that_merely_begins_with_answer) {
  EXPECT_EQ(normalise("answers vary"), "answers vary");
}

}  // namespace
}  // namespace ipw::evaluation
