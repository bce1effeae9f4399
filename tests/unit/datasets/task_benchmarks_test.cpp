// SPDX-License-Identifier: Apache-2.0
// The benchmarks of tasks, code and research, read from small files in their published schemas.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/datasets/encoded_text.h"
#include "support/fixture_hub.h"

namespace ipw::datasets {
namespace {

using Params = std::initializer_list<std::pair<const char*, std::string>>;

std::vector<Question> questions(std::string_view id, Params params = {}) {
  const FixtureHub hub;
  const auto dataset = open_dataset(id, hub.with(params));
  std::vector<Question> out;
  for (Question question; dataset->next(question); question = {}) out.push_back(question);
  return out;
}

TEST(HumanEvalData, asks_for_a_continuation_or_for_the_whole_function) {
  const auto bare = questions("humaneval"), chat = questions("humaneval", {{"prompt", "chat"}});
  ASSERT_EQ(bare.size(), 3U);
  EXPECT_EQ(bare[1].id, "HumanEval/1");
  EXPECT_EQ(bare[1].problem, "def add_1(a, b):\n    \"\"\"Sum of both and 1.\"\"\"\n");
  EXPECT_NE(chat[1].problem.find("```python\ndef add_1"), std::string::npos);
  EXPECT_EQ(Json::parse(bare[1].metadata)["entry_point"], "add_1");
}

TEST(IfEvalData, keeps_the_instructions_and_their_arguments) {
  const auto all = questions("ifeval");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].id, "1001");
  EXPECT_EQ(all[1].subject, "length_constraints");
  EXPECT_EQ(Json::parse(all[1].metadata)["kwargs"][0]["num_words"], 30);
}

TEST(FramesData, S20_is_closed_book_and_its_links_keep_their_commas_and_quotes) {
  const auto closed = questions("frames"), oracle = questions("frames", {{"prompt", "oracle"}});
  ASSERT_EQ(closed.size(), 2U);
  EXPECT_EQ(closed[0].problem, "Which of the two rivers is longer?");
  EXPECT_NE(
      oracle[0].problem.find("- https://en.wikipedia.org/wiki/A,_B\n- https://en.wikipedia.org/wiki/It's\n"),
      std::string::npos);
}

TEST(HleData, shows_images_only_to_models_that_see) {
  const auto text = questions("hle"), all = questions("hle", {{"config", "all"}});
  ASSERT_EQ(text.size(), 1U);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].images, std::vector<std::string>{"data:image/png;base64,AAAA"});
  EXPECT_TRUE(text[0].problem.ends_with("for your answer}"));
  EXPECT_EQ(text[0].question, "What is the rank of this group?");
}

TEST(BrowseCompData, is_decrypted_with_the_canary_of_its_row) {
  const auto all = questions("browsecomp");
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].question, "Which village has both?");
  EXPECT_EQ(all[0].answer, "Émile's");
}

TEST(LiveCodeBenchData, S6_has_public_and_private_tests_of_its_release) {
  const auto sixth = questions("livecodebench"),
             first = questions("livecodebench", {{"config", "release_v1"}});
  ASSERT_EQ(sixth.size(), 2U);
  ASSERT_EQ(first.size(), 1U);
  const auto metadata = Json::parse(first[0].metadata);
  EXPECT_EQ(metadata["release"], "release_v1");
  ASSERT_EQ(metadata["tests"].size(), 2U);
  EXPECT_EQ(metadata["tests"][1]["output"], "10\n");
  EXPECT_EQ(first[0].problem.find("1 2"), std::string::npos) << "no test stands in the prompt";
}

TEST(LiveCodeBenchData, S7_names_the_function_of_a_functional_problem) {
  const auto all = questions("livecodebench");
  EXPECT_EQ(Json::parse(all.at(1).metadata)["func_name"], "twice");
  EXPECT_NE(all[1].problem.find("def twice(self"), std::string::npos);
}

TEST(ResearchData, has_a_reference_or_a_rubric) {
  EXPECT_EQ(questions("deepresearchbench").at(0).answer, "# Gauges\n\nThe first is wider.");
  const auto task = questions("gdpval").at(0);
  EXPECT_EQ(Json::parse(task.metadata)["rubric"], "+2 names the goods");
  EXPECT_EQ(Json::parse(task.metadata)["reference_files"][0], "a/list.xlsx");
}

TEST(EncodedText, base64_of_every_length) {
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("Zg=="), "f");
  EXPECT_EQ(decode_base64("YmE"), "ba");
  EXPECT_EQ(decode_base64("Zm9v\nYmFy"), "foobar");
  EXPECT_THROW(decode_base64("Zm9v!"), Error);
}

TEST(EncodedText, what_is_broken_is_an_error) {
  EXPECT_THROW(decrypt_with_canary("Zm9v", "wrong"), Error);
  for (const auto* text : {"", "AAAA", "Zm9vYmFy", "eJwDAAAAAAE="})
    EXPECT_THROW(decode_private_tests(text), Error) << text;
}

}  // namespace
}  // namespace ipw::datasets
