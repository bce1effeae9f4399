// SPDX-License-Identifier: Apache-2.0
// What each published benchmark makes of its rows.
#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>

#include "ipw/base/json.h"
#include "ipw/base/python_random.h"
#include "ipw/datasets/benchmark.h"
#include "open.h"
#include "support/fixture_hub.h"

namespace ipw::datasets {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Pairs = std::initializer_list<std::pair<const char*, std::string>>;

std::vector<Question> load(std::string_view id, Pairs params = {}) {
  const FixtureHub hub;
  return read_all(*open_dataset(id, hub.with(params)));
}

TEST(PythonRandom, permutes_as_cpython_with_seed_0) {
  PythonRandom random(0);  // random.Random(0).sample(range(4), 4), CPython 3.11
  EXPECT_THAT(random.permutation(4), ElementsAre(3, 1, 0, 2));
  EXPECT_THAT(random.permutation(4), ElementsAre(3, 1, 2, 0));
  EXPECT_THAT(random.permutation(4), ElementsAre(2, 3, 0, 1));
  EXPECT_THAT(random.permutation(4), ElementsAre(2, 0, 3, 1));
}

TEST(Gpqa, S1_permutes_the_options_so_that_each_letter_is_right_about_equally_often) {
  std::map<std::string, int> right;
  for (const auto& question : load("gpqa")) ++right[question.answer];
  ASSERT_EQ(right.size(), 4U);
  for (const auto& [letter, count] : right) EXPECT_TRUE(count > 30 && count < 70) << letter << ": " << count;
}
TEST(Gpqa, S1_keeps_the_right_answer_with_its_letter) {
  for (const auto& question : load("gpqa"))
    EXPECT_EQ(
        "Which number is " + question.choices.at(static_cast<std::size_t>(question.answer[0] - 'A')) + "?",
        question.question);
}
TEST(Gpqa, S1_orders_the_options_as_simple_evals_and_keeps_the_seed) {
  const auto first = load("gpqa")[0];  // permutation 3 1 0 2
  EXPECT_THAT(first.choices, ElementsAre("none", "0, wrongly", "0", "another,\nover two lines"));
  EXPECT_EQ(first.answer, "C");
  const auto metadata = Json::parse(first.metadata);
  EXPECT_EQ(metadata["option_seed"], 0);
  EXPECT_EQ(metadata["option_order"], Json({3, 1, 0, 2}));
}
TEST(Gpqa, asks_as_simple_evals) {
  EXPECT_EQ(
      load("gpqa")[0].problem,
      "Answer the following multiple choice question. The last line of your response should be of the "
      "following format: 'Answer: $LETTER' (without quotes) where LETTER is one of ABCD. Think step by step "
      "before answering.\n\nWhich number is 0?\n\nA) none\nB) 0, wrongly\nC) 0\nD) another,\nover two lines");
}
TEST(Gpqa, has_three_configs_and_ids_of_its_own) {
  EXPECT_EQ(load("gpqa", {{"config", "main"}}).size(), 3U);
  EXPECT_EQ(load("gpqa", {{"config", "extended"}}).size(), 4U);
  EXPECT_EQ(load("gpqa")[7].id, "rec007");
}

TEST(SuperGpqa, S5_keeps_blank_options_so_that_the_letters_are_those_of_the_row) {
  const auto all = load("supergpqa");
  EXPECT_THAT(all[1].choices, ElementsAre("", "iron", "wood"));
  EXPECT_EQ(all[1].answer, "B");
}
TEST(SuperGpqa, S5_keeps_the_blank_line_in_front_of_the_question) {
  EXPECT_THAT(load("supergpqa")[0].problem, EndsWith("F, G, H, I, or J.\n\nQuestion 0?\nA) 3\nB) 4\nC) 5\n"));
}
TEST(SuperGpqa, S5_keeps_the_blank_lines_of_the_original_prompt) {
  EXPECT_THAT(load("supergpqa", {{"prompt", "original"}})[0].problem,
              StartsWith("Question 0?\n\nOptions:\nA. 3\n"));
}
TEST(SuperGpqa, refuses_a_letter_without_an_option) {
  const TemporaryFile file(".jsonl", R"({"question":"q","options":["a"],"answer_letter":"B"})");
  EXPECT_EQ(error_of([&] {
              questions("supergpqa", {{"path", file.path()}});
            }),
            file.path() + ":1: the answer 'B' is none of the 1 options");
}

TEST(Mmlu, asks_with_five_examples_of_the_subject) {
  const auto all = load("mmlu");
  const std::string block = "Question 0 of abstract_algebra?\nA. w\nB. x\nC. y\nD. z\nAnswer:";
  EXPECT_THAT(
      all[0].problem,
      StartsWith("The following are multiple choice questions (with answers) about abstract algebra.\n\n" +
                 block + " A\n\n"));
  EXPECT_THAT(all[0].problem,
              EndsWith("Question 4 of abstract_algebra?\nA. w\nB. x\nC. y\nD. z\nAnswer: A\n\n" + block));
  EXPECT_EQ(all[0].answer, "A");
}
TEST(Mmlu, asks_one_subject_only) {
  const auto all = load("mmlu", {{"subject", "world_religions"}});
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].index, 2);
}
TEST(Mmlu, refuses_a_subject_that_it_has_not) {
  EXPECT_EQ(error_of([] {
              load("mmlu", {{"subject", "alchemy"}});
            }),
            "dataset 'mmlu' has no subject 'alchemy'");
}

TEST(Arc, reads_letters_and_numbers_as_labels) {
  const auto all = load("arc");
  EXPECT_EQ(all[0].answer, "B");
  EXPECT_EQ(all[1].answer, "C");
  EXPECT_THAT(all[1].problem, HasSubstr("A. ice\nB. snow\nC. lava\nYour response should end with"));
}
TEST(Arc, has_an_easy_part) {
  EXPECT_EQ(load("arc", {{"config", "easy"}})[0].id, "Easy_1");
}

TEST(Gsm8k, asks_with_eight_chains_of_thought) {
  const auto first = load("gsm8k")[0];
  EXPECT_THAT(first.problem, StartsWith("Q: There are 15 trees in the grove."));
  EXPECT_THAT(first.problem,
              EndsWith("The answer is 8.\n\nQ: Anna has 0 test apples and gets 1,000 more. How many "
                       "has she?\nA:"));
}
TEST(Gsm8k, reads_the_result_behind_the_mark) {
  EXPECT_EQ(load("gsm8k")[1].answer, "1,001");
}
TEST(Gsm8k, shows_five_solutions_of_the_train_split_when_told_so) {
  const auto problem = load("gsm8k", {{"prompt", "train"}})[0].problem;
  EXPECT_THAT(problem, HasSubstr("Question: Anna has 4 train apples"));
  EXPECT_THAT(problem, ::testing::Not(HasSubstr("5 train apples")));
}

TEST(Math500, asks_as_simple_evals) {
  const auto first = load("math500")[0];
  EXPECT_THAT(first.problem,
              EndsWith("What is half of $1$?\n\nRemember to put your answer on its own line after "
                       "\"Answer:\", and you do not need to use a \\boxed command."));
  EXPECT_EQ(first.answer, "\\frac{1}{2}");
  EXPECT_EQ(first.id, "test/prealgebra/1.json");
}
TEST(Math500, S3_is_judged_by_the_rule_for_mathematics) {
  EXPECT_EQ(load("math500")[0].scorer, "math");
}

TEST(NaturalReasoning, S2_answers_are_the_reference_answers) {
  const auto all = load("natural-reasoning");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].answer, "Rayleigh scattering");
}
TEST(NaturalReasoning, S2_leaves_out_rows_without_a_reference_and_keeps_the_position) {
  EXPECT_EQ(load("natural-reasoning")[1].id, "natural-reasoning/2");
}

TEST(NaturalReasoning, S42_tells_how_many_rows_were_left_out_and_why) {
  ::testing::internal::CaptureStderr();
  load("natural-reasoning");
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("natural-reasoning: 1 of 3 rows left out: no reference answer"));
}

TEST(WildChat, asks_the_first_message_as_it_was_written) {
  const auto all = load("wildchat");
  ASSERT_EQ(all.size(), 3U);  // of two files; conversations without a reply are left out
  EXPECT_EQ(all[1].problem, "Hello 1");
  EXPECT_EQ(all[1].answer, "Good day 1");
  EXPECT_EQ(all[1].subject, "German");
  EXPECT_EQ(all[2].problem, "Hello 3");
}
TEST(WildChat, X17_loads_the_second_file_only_when_the_first_is_read) {
  const FixtureHub hub;
  std::vector<std::string> loaded;
  auto options = hub.with();
  options.hub.progress = [&](const std::string& path, auto, auto) {
    if (loaded.empty() || loaded.back() != path) loaded.push_back(path);
  };
  const auto dataset = open_dataset("wildchat", options);
  Question question;
  dataset->next(question);
  EXPECT_THAT(loaded, ElementsAre("data/train-00000-of-00002.parquet"));
  read_all(*dataset);
  EXPECT_EQ(loaded.size(), 2U);
}

TEST(SimpleQa, asks_the_question_only) {
  const auto all = load("simpleqa");
  EXPECT_EQ(all[0].problem, "What is the capital of Peru?");
  EXPECT_EQ(all[0].subject, "Geography");
  EXPECT_EQ(all[1].problem, "When was Ada, \"Countess of Lovelace\", born?");
  EXPECT_EQ(all[1].subject, "Writers' lives");
}

}  // namespace
}  // namespace ipw::datasets
