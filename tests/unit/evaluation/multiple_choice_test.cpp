// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ipw/base/json.h"
#include "score.h"

namespace ipw::evaluation {
namespace {

std::vector<std::string> options(std::size_t n) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < n; ++i) out.push_back("option " + std::to_string(i));
  return out;
}

/// Which letter is taken from a response to a question with n options.
struct Extraction {
  std::string response, letter;
  std::size_t options = 10;
  friend void PrintTo(const Extraction& row, std::ostream* out) { *out << row.response; }
};
class ExtractionTable : public ::testing::TestWithParam<Extraction> {};
TEST_P(ExtractionTable, finds_the_letter) {
  const auto verdict = score("multiple-choice", {"A", "", options(GetParam().options)}, GetParam().response);
  EXPECT_EQ(verdict.extracted, GetParam().letter);
}
INSTANTIATE_TEST_SUITE_P(
    MultipleChoice, ExtractionTable,
    ::testing::Values(Extraction{"The answer is (C).", "C"}, Extraction{"the answer is C", "C"},
                      Extraction{"The answer is **(C)**.", "C"}, Extraction{"**The answer is** D", "D"},
                      Extraction{"The answer is (B). No, the answer is (C).", "B"},
                      Extraction{"Answer: E", "E"}, Extraction{"answer:\n\nE", "E"},
                      Extraction{"Answer: A, so answer: B", "B"}, Extraction{"Answer: A\nAnswer: B", "A"},
                      Extraction{"A or B? I take B", "B"}, Extraction{"(G)", "G"}, Extraction{"J", "J"},
                      Extraction{"Because of F\nall is well", "F"}, Extraction{"no letter here", ""},
                      Extraction{"ABC", ""}, Extraction{"", ""}, Extraction{"The answer is (E).", "", 4},
                      Extraction{"The answer is (E), or B.", "B", 4}, Extraction{"K", ""},
                      Extraction{"the answer is b", ""},
                      Extraction{"<think>The answer is (A)</think>The answer is (B)", "B"}));

TEST(MultipleChoice, S4_reads_replies_that_the_original_misread) {
  EXPECT_EQ(score("multiple-choice", {"B", "", options(10)}, "ANSWER: B").extracted, "B");
  EXPECT_EQ(score("multiple-choice", {"B", "", options(10)}, "FINAL ANSWER: B").extracted, "B");
  EXPECT_EQ(score("multiple-choice", {"B", "", options(10)}, "NONE").extracted, "");
}
TEST(MultipleChoice, compares_with_the_reference) {
  EXPECT_TRUE(*score("multiple-choice", {"c", "", options(4)}, "C").correct);
  EXPECT_FALSE(*score("multiple-choice", {"C", "", options(4)}, "D").correct);
}
TEST(MultipleChoice, takes_the_text_of_an_option_as_reference) {
  EXPECT_TRUE(*score("multiple-choice", {"option 2", "", options(4)}, "C").correct);
}
TEST(MultipleChoice, leaves_a_reference_beyond_the_options_unscored) {
  EXPECT_FALSE(score("multiple-choice", {"E", "", options(4)}, "E").correct.has_value());
  EXPECT_FALSE(score("multiple-choice", {"", "", options(4)}, "A").correct.has_value());
}
TEST(MultipleChoice, counts_no_letter_as_wrong) {
  const auto verdict = score("multiple-choice", {"B", "", options(4)}, "no idea");
  EXPECT_EQ(verdict.correct, false);
  EXPECT_EQ(verdict.reason, "unparsed: no option found");
  EXPECT_EQ(verdict.metadata, R"({"class":"unparsed"})");
}
TEST(MultipleChoice, keeps_truncated_answers_as_a_class_of_their_own) {
  const auto verdict = score("multiple-choice", {"B", "", options(4), "length"}, "Let us think");
  EXPECT_EQ(Json::parse(verdict.metadata)["class"], "truncated");
}

}  // namespace
}  // namespace ipw::evaluation
