// SPDX-License-Identifier: Apache-2.0
// What every row of the registry of datasets promises.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "ipw/base/json.h"
#include "ipw/datasets/dataset.h"
#include "ipw/evaluation/scorer.h"

namespace ipw::datasets {
namespace {

const std::string kSource = IPW_SOURCE_DIR;

/// The rows that need neither network nor a file of the user's, and a file for `local`.
std::vector<Question> offline_questions(std::string_view id) {
  DatasetOptions options;
  options.data_dir = kSource + "/data";
  if (id == "local") options.params.set("path", kSource + "/models/questions.jsonl");
  const auto dataset = open_dataset(id, options);
  std::vector<Question> out;
  for (Question question; dataset->next(question);) out.push_back(question);
  return out;
}

evaluation::Verdict judge(const Question& question, std::string_view response) {
  const evaluation::Task task{question.problem, question.answer, question.metadata, "stop", question.choices};
  return require("scorer", evaluation::scorers(), question.scorer).make()->score(task, response);
}

class OfflineDatasets : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Rows, OfflineDatasets, ::testing::Values("ipw-mini", "ipw-tiny", "local"));

TEST(Datasets, are_sorted_by_name) {
  EXPECT_TRUE(std::ranges::is_sorted(datasets(), {}, &DatasetEntry::name));
}
TEST(Datasets, have_a_page_each) {
  for (const auto& row : datasets())
    EXPECT_TRUE(
        std::filesystem::exists(kSource + "/docs/reference/datasets/" + std::string(row.name) + ".md"))
        << row.name;
}
TEST_P(OfflineDatasets, count_questions_upwards) {
  std::int64_t last = -1;
  for (const auto& question : offline_questions(GetParam())) {
    EXPECT_GT(question.index, last);
    last = question.index;
  }
}
TEST_P(OfflineDatasets, have_different_ids) {
  std::set<std::string> ids;
  for (const auto& question : offline_questions(GetParam()))
    EXPECT_TRUE(ids.insert(question.id).second) << question.id;
}
TEST_P(OfflineDatasets, have_metadata_that_is_a_json_object) {
  for (const auto& question : offline_questions(GetParam())) {
    const auto metadata = parse_json(question.metadata);
    EXPECT_TRUE(metadata && metadata->is_object()) << question.id;
  }
}
TEST_P(OfflineDatasets, S13_score_the_reference_as_right_with_their_own_scorer) {
  for (const auto& question : offline_questions(GetParam()))
    EXPECT_EQ(judge(question, question.answer).correct, true) << question.id << ": " << question.answer;
}
TEST_P(OfflineDatasets, do_not_score_an_empty_answer_as_right) {
  for (const auto& question : offline_questions(GetParam()))
    EXPECT_EQ(judge(question, "").correct, false) << question.id;
}
TEST(Datasets, score_the_recorded_answers_of_the_tiny_models_as_recorded) {
  double right = 0;
  const auto all = offline_questions("local");
  for (const auto& question : all)
    right += judge(question, Json::parse(question.metadata)["greedy"]["tiny-360k"].get<std::string>())
                 .correct.value_or(false);
  EXPECT_NEAR(right / static_cast<double>(all.size()), 0.854, 0.005);
}

}  // namespace
}  // namespace ipw::datasets
