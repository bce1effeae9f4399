// SPDX-License-Identifier: Apache-2.0
// The benchmarks of tasks, code and research, read from small files in their published schemas.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/datasets/encoded_text.h"
#include "ipw/datasets/test_names.h"
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

TEST(HleData, S18_shows_images_only_to_models_that_see) {
  const auto text = questions("hle"), all = questions("hle", {{"config", "all"}});
  ASSERT_EQ(text.size(), 1U);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].images, std::vector<std::string>{"data:image/png;base64,AAAA"});
  EXPECT_NE(text[0].problem.find("\nExact Answer: {your succinct, final answer}\n"), std::string::npos);
  EXPECT_NE(all[1].problem.find("\nAnswer: {your chosen answer}\n"), std::string::npos);
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

TEST(ResearchData, X21_an_agent_gets_the_files_of_gdpval) {
  const FixtureHub hub;
  EXPECT_TRUE(questions("gdpval").at(0).files.empty()) << "a model without tools cannot open them";
  auto options = hub.with();
  options.files = true;
  Question task;
  ASSERT_TRUE(open_dataset("gdpval", options)->next(task));
  ASSERT_EQ(task.files.size(), 1U);
  EXPECT_TRUE(std::filesystem::exists(task.files[0])) << task.files[0];
}

TEST(EncodedText, base64_of_every_length) {
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("Zg=="), "f");
  EXPECT_EQ(decode_base64("YmE"), "ba");
  EXPECT_EQ(decode_base64("Zm9v\nYmFy"), "foobar");
  EXPECT_THROW(decode_base64("Zm9v!"), Error);
  for (const std::string bytes : {"", "b", "ba", "bar", "barb", "\xff\xfe"})
    EXPECT_EQ(decode_base64(encode_base64(bytes)), bytes);
  EXPECT_EQ(encode_base64("ba"), "YmE=");
}

TEST(EncodedText, what_is_broken_is_an_error) {
  EXPECT_THROW(decrypt_with_canary("Zm9v", "wrong"), Error);
  for (const auto* text : {"", "AAAA", "Zm9vYmFy", "eJwDAAAAAAE="})
    EXPECT_THROW(decode_private_tests(text), Error) << text;
}

TEST(ArenaHardData, a_config_is_a_category_with_the_answers_of_its_baseline) {
  const auto hard = questions("arena-hard"),
             creative = questions("arena-hard", {{"config", "creative-writing"}});
  ASSERT_EQ(hard.size(), 2U);
  ASSERT_EQ(creative.size(), 2U);
  EXPECT_EQ(hard[1].id, "hard_prompt-1");
  EXPECT_EQ(hard[1].subject, "coding");
  EXPECT_EQ(hard[1].answer, "Baseline 1 of hard_prompt");
  EXPECT_EQ(Json::parse(hard[1].metadata)["baseline"], "o3-mini-2025-01-31");
  EXPECT_EQ(creative[0].answer, "Baseline 0 of creative_writing");
}

TEST(ArenaHardData, another_baseline_can_be_named) {
  const std::string file = std::string(IPW_SOURCE_DIR) +
                           "/tests/fixtures/datasets/lmarena-ai/arena-hard-auto/data/arena-hard-v2.0/"
                           "model_answer/gemini-2.0-flash-001.jsonl";
  EXPECT_THROW(questions("arena-hard", {{"examples", file}}), Error) << "it has no answers to these prompts";
}

TEST(DeepResearchData, has_the_criteria_of_the_file_that_is_named) {
  const std::string file =
      std::string(IPW_SOURCE_DIR) + "/tests/fixtures/datasets/criteria/deepresearchbench.jsonl";
  const auto with = Json::parse(questions("deepresearchbench", {{"criteria", file}}).at(0).metadata);
  EXPECT_EQ(with["dimension_weight"]["insight"], 0.3);
  EXPECT_EQ(with["criterions"]["readability"].size(), 2U);
  EXPECT_FALSE(Json::parse(questions("deepresearchbench").at(0).metadata).contains("criterions"));
}

TEST(SweBenchData, a_config_is_a_repository_and_lists_of_tests_are_lists) {
  const auto mini = questions("swebench"), full = questions("swebench", {{"config", "full"}});
  ASSERT_EQ(mini.size(), 2U);
  EXPECT_EQ(mini[0].id, "example__sorter-verified-mini-0");
  EXPECT_EQ(full[0].id, "example__sorter-full-0");
  EXPECT_EQ(mini[0].problem, "Sorting of 0 fails.");
  const auto metadata = Json::parse(mini[0].metadata);
  EXPECT_EQ(metadata["pass_to_pass"][0], "tests/test_sort.py::test_one[a]");
  EXPECT_EQ(metadata["variant"], "verified-mini");
  const FixtureHub hub;
  EXPECT_EQ(open_dataset("swebench", hub.with({}))->info().source, "MariusHobbhahn/swe-bench-verified-mini");
}

TEST(TestNames, are_a_list_its_json_text_or_nothing_else) {
  const Json values = {{"list", {"a", "b"}}, {"text", R"(["c"])"}, {"broken", "[c"}, {"object", "{}"}};
  const Row row(values, "here");
  EXPECT_EQ(test_names(row, "list").size(), 2U);
  EXPECT_EQ(test_names(row, "text")[0], "c");
  EXPECT_TRUE(test_names(row, "absent").empty());
  EXPECT_THROW(test_names(row, "broken"), Error);
  EXPECT_THROW(test_names(row, "object"), Error);
}

TEST(SwefficiencyData, S10_rows_without_an_issue_are_asked_too) {
  const auto all = questions("swefficiency");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].problem.find("Background"), std::string::npos);
  EXPECT_NE(all[0].problem.find("run()"), std::string::npos);
  EXPECT_NE(all[1].problem.find("Sorting is slow."), std::string::npos);
  EXPECT_NE(all[1].problem.find("2.0 times as fast"), std::string::npos);
}

std::vector<Question> terminal_tasks(const std::string& folder) {
  DatasetOptions options;
  options.params.set("path", folder);
  const auto dataset = open_dataset("terminalbench", options);
  std::vector<Question> out;
  for (Question question; dataset->next(question); question = {}) out.push_back(question);
  return out;
}
const std::string kTasks = std::string(IPW_SOURCE_DIR) + "/tests/fixtures/datasets/terminal-bench";

TEST(TerminalBenchData, S14_reads_tasks_of_version_1_and_of_harbor) {
  const auto all = terminal_tasks(kTasks);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].id, "hello-harbor");
  EXPECT_EQ(all[0].problem, "Start the service on port 8080.\n");
  const auto harbor = Json::parse(all[0].metadata), first = Json::parse(all[1].metadata);
  EXPECT_EQ(harbor["image"], "example/hello:1");
  EXPECT_EQ(harbor["internet"], false);
  EXPECT_EQ(harbor["agent_timeout_seconds"], 900);
  EXPECT_EQ(all[1].subject, "file-operations");
  EXPECT_EQ(first["format"], "v1");
  EXPECT_EQ(first["agent_timeout_seconds"], 120);
  EXPECT_EQ(first["tests_in_same_shell"], true);
  EXPECT_EQ(terminal_tasks(kTasks + "/hello-v1").size(), 1U);
}

TEST(TerminalBenchData, a_folder_without_tasks_and_a_broken_task_say_so) {
  EXPECT_THROW(terminal_tasks(std::string(IPW_SOURCE_DIR) + "/tests/fixtures"), Error);
  EXPECT_THROW(terminal_tasks(kTasks + "/none"), Error);
  EXPECT_THROW(open_dataset("terminalbench", {}), Error);
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("ipw-task-{}", ::getpid());
  std::filesystem::create_directories(folder);
  for (const std::string text :
       {"instruction: [", "instruction: ''", "max_agent_timeout_sec: soon", "- a list"}) {
    write_file_atomic((folder / "task.yaml").string(), text);
    EXPECT_THROW(terminal_tasks(folder.string()), Error) << text;
  }
  std::filesystem::remove_all(folder);
}

TEST(FixedLength, M65_prompts_differ_from_their_first_words_on_unless_asked_otherwise) {
  const auto all = questions("fixed-length", {{"prompt_length", "200"}, {"num_samples", "3"}});
  ASSERT_EQ(all.size(), 3U);
  for (const auto& question : all) EXPECT_EQ(question.problem.size(), 1000U);
  EXPECT_NE(all[0].problem.substr(0, 20), all[1].problem.substr(0, 20));
  EXPECT_NE(all[1].problem.substr(0, 20), all[2].problem.substr(0, 20));
  const auto same = questions("fixed-length", {{"identical", "yes"}});
  ASSERT_EQ(same.size(), 8U);
  EXPECT_EQ(same[0].problem, same[7].problem);
  EXPECT_TRUE(same[0].scorer.empty());
}

TEST(FixedLength, lengths_out_of_range_are_refused) {
  for (const auto& [name, value] : {std::pair{"prompt_length", "0"},
                                    {"num_samples", "-1"},
                                    {"chars_per_token", "0"},
                                    {"output_length", "99999999"}})
    EXPECT_THROW(questions("fixed-length", {{name, value}}), Error) << name;
}

}  // namespace
}  // namespace ipw::datasets
