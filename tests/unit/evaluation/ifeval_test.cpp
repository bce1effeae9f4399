// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ipw/base/json.h"
#include "ipw/evaluation/ifeval_checks.h"
#include "score.h"

namespace ipw::evaluation {
namespace {

Verdict judged(const std::string& id, const std::string& arguments, const std::string& response) {
  return score("ifeval", {"", R"({"instruction_id_list":[")" + id + R"("],"kwargs":[)" + arguments + "]}"},
               response);
}

struct Case {
  const char *id, *arguments, *followed, *broken;
};
constexpr Case kCases[] = {
    {"change_case:capital_word_frequency", R"({"capital_frequency":2,"capital_relation":"at least"})",
     "A GOOD day.", "a GOOD day"},
    {"change_case:english_capital", "{}", "THIS IS A LONG ENGLISH SENTENCE ABOUT THE WEATHER.",
     "This is a long English sentence."},
    {"change_case:english_lowercase", "{}", "this is a long english sentence about the weather.",
     "This is a long English sentence."},
    {"combination:repeat_prompt", R"({"prompt_to_repeat":"Say hi"})", "say hi\nHi", "Hi"},
    {"combination:two_responses", "{}", "one ****** two", "one ****** one"},
    {"detectable_content:number_placeholders", R"({"num_placeholders":2})", "[a] and [b]", "[a] only"},
    {"detectable_content:postscript", R"({"postscript_marker":"P.S."})", "Text\n\nP.S. more", "Text"},
    {"detectable_format:constrained_response", "{}", "My answer is yes.", "yes"},
    {"detectable_format:json_format", "{}", "```json\n{\"a\": 1}\n```", "{a: 1"},
    {"detectable_format:multiple_sections", R"({"section_spliter":"SECTION","num_sections":2})",
     "SECTION 1\nx\nSECTION 2\ny", "SECTION 1\nx"},
    {"detectable_format:number_bullet_lists", R"({"num_bullets":2})", "* a\n- b", "* a\n* b\n* c"},
    {"detectable_format:number_highlighted_sections", R"({"num_highlights":2})", "*a* and *b*", "*a*"},
    {"detectable_format:title", "{}", "<<A title>>\ntext", "A title"},
    {"keywords:existence", R"({"keywords":["cat","dog"]})", "Cats and dogs", "Cats"},
    {"keywords:forbidden_words", R"({"forbidden_words":["cat"]})", "category", "A Cat."},
    {"keywords:frequency", R"({"keyword":"cat","frequency":2,"relation":"at least"})", "cat Cat", "cat"},
    {"keywords:letter_frequency", R"({"letter":"z","let_frequency":2,"let_relation":"less than"})", "Zoo",
     "zz"},
    {"language:response_language", R"({"language":"ru"})",
     "\u041f\u043e\u0433\u043e\u0434\u0430 \u0441\u0435\u0433\u043e\u0434\u043d\u044f "
     "\u0445\u043e\u0440\u043e\u0448\u0430\u044f, "
     "\u0430 \u0432\u0447\u0435\u0440\u0430 \u0448\u0451\u043b \u0434\u043e\u0436\u0434\u044c.",
     "This is an ordinary sentence about the weather of yesterday."},
    {"length_constraints:nth_paragraph_first_word",
     R"({"num_paragraphs":2,"nth_paragraph":2,"first_word":"weekend"})", "a\n\n\"Weekend\" is b",
     "a\n\nb weekend"},
    {"length_constraints:number_paragraphs", R"({"num_paragraphs":2})", "a\n***\nb", "a\n***\nb\n***\nc"},
    {"length_constraints:number_sentences", R"({"num_sentences":3,"relation":"at least"})",
     "One. Two! Three?", "Dr. Who is here. Two."},
    {"length_constraints:number_words", R"({"num_words":3,"relation":"less than"})", "two words",
     "now three words"},
    {"punctuation:no_comma", "{}", "no comma", "one, comma"},
    {"startend:end_checker", R"({"end_phrase":"Bye now."})", "Well. \"bye now.\"", "Bye now. Really."},
    {"startend:quotation", "{}", "\"quoted\"", "\"quoted"},
};

TEST(IfEval, checks_each_of_the_25_instructions) {
  EXPECT_EQ(std::size(kCases), ifeval::instructions().size());
  for (const auto& c : kCases) {
    EXPECT_EQ(judged(c.id, c.arguments, c.followed).correct, true) << c.id;
    EXPECT_EQ(judged(c.id, c.arguments, c.broken).correct, false) << c.id;
  }
}
TEST(IfEval, S36_the_share_of_instructions_is_the_score_and_loose_is_apart) {
  const auto verdict = score(
      "ifeval",
      {"",
       R"({"instruction_id_list":["startend:quotation","punctuation:no_comma"],"kwargs":[{},{"x":null}]})"},
      "Here it is:\n\"no comma\"");
  EXPECT_EQ(verdict.correct, false);
  EXPECT_DOUBLE_EQ(verdict.score.value(), 0.5);
  const auto metadata = Json::parse(verdict.metadata);
  EXPECT_EQ(metadata["prompt_level_loose"], true);
  EXPECT_EQ(metadata["inst_level_strict"], Json({false, true}));
  EXPECT_EQ(metadata["inst_level_loose"], Json({true, true}));
}
TEST(IfEval, what_cannot_be_checked_is_unscored_with_its_reason) {
  EXPECT_EQ(judged("keywords:dance", "{}", "x").reason, "the instruction 'keywords:dance' is unknown");
  EXPECT_EQ(judged("keywords:frequency", "{}", "x").reason, "the argument 'keyword' is missing");
  EXPECT_FALSE(score("ifeval", {"", "{}"}, "x").correct.has_value());
}
TEST(IfEval, an_empty_answer_follows_no_instruction) {
  const auto verdict = judged("punctuation:no_comma", "{}", " \n");
  const auto metadata = Json::parse(verdict.metadata);
  EXPECT_EQ(verdict.correct, false);
  EXPECT_EQ(metadata["class"], "empty");
  EXPECT_EQ(metadata["inst_level_strict"], Json::array({false}));
  EXPECT_EQ(metadata["inst_level_loose"], Json::array({false}));
}
TEST(IfEval, long_answers_are_checked_in_linear_time) {
  for (const std::string piece : {"*", "[", "<<", "a.", "\" ", "- ", "SECTION "}) {
    std::string many;
    while (many.size() < 1 << 17) many += piece;
    for (const auto& c : kCases) EXPECT_TRUE(judged(c.id, c.arguments, many).correct.has_value()) << c.id;
  }
}
TEST(IfEval, sentences_end_at_stops_but_not_at_abbreviations) {
  EXPECT_EQ(ifeval::count_sentences(
                "Mr. Smith paid 3.50 dollars, e.g. in cash. He left! \"Why?\" she asked. J. R. knew."),
            5U);
  EXPECT_EQ(ifeval::count_sentences(""), 0U);
}

}  // namespace
}  // namespace ipw::evaluation
