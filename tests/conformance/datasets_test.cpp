// SPDX-License-Identifier: Apache-2.0
// What every row of the registry of datasets promises.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "ipw/base/json.h"
#include "ipw/datasets/benchmark.h"
#include "ipw/datasets/dataset.h"
#include "ipw/evaluation/grader.h"
#include "ipw/evaluation/scorer.h"
#include "ipw/harness/harness.h"
#include "support/fixture_hub.h"

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

bool has_rule(std::string_view name) {
  return find(evaluation::scorers(), name) || find(harness::harnesses(), name) ||
         std::ranges::find(evaluation::graders(), name, &evaluation::GraderEntry::name) !=
             evaluation::graders().end();
}

class Published : public ::testing::TestWithParam<const Benchmark*> {
 protected:
  /// The questions of every config, loaded from the fixtures.
  std::vector<Question> all_questions() const {
    const FixtureHub hub;
    std::vector<Question> out;
    for (const auto& config : GetParam()->configs) {
      const auto dataset = open_dataset(GetParam()->id, hub.with({{"config", std::string(config.name)}}));
      const auto before = out.size();
      for (Question question; dataset->next(question);) out.push_back(question);
      EXPECT_GT(out.size(), before) << config.name;
    }
    return out;
  }
};
INSTANTIATE_TEST_SUITE_P(Rows, Published, ::testing::ValuesIn(benchmarks().begin(), benchmarks().end()),
                         [](const auto& row) {
                           auto name = std::string(row.param->id);
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST_P(Published, is_in_the_registry) {
  EXPECT_NE(find(datasets(), GetParam()->id), nullptr);
}
TEST_P(Published, says_where_it_is_from_and_under_which_licence) {
  EXPECT_NE(GetParam()->repository.find('/'), std::string_view::npos);
  EXPECT_FALSE(GetParam()->licence.empty());
  EXPECT_FALSE(GetParam()->columns.empty());
}
TEST_P(Published, has_the_table_of_its_prompts_on_its_page) {
  const auto page = read_file(kSource + "/docs/reference/datasets/" + std::string(GetParam()->id) + ".md");
  for (const auto text : {GetParam()->repository, GetParam()->licence})
    EXPECT_NE(page.find(text), std::string::npos) << text;
  for (const auto prompt : GetParam()->prompts) EXPECT_NE(page.find(prompt), std::string::npos) << prompt;
}
TEST_P(Published, has_questions_with_id_answer_and_rule) {
  for (const auto& question : all_questions()) {
    EXPECT_FALSE(question.id.empty());
    EXPECT_FALSE(question.problem.empty()) << question.id;
    EXPECT_EQ(question.answer.empty(), !GetParam()->has_answers) << question.id;
    EXPECT_TRUE(has_rule(question.scorer)) << question.scorer;
    EXPECT_TRUE(parse_json(question.metadata).has_value()) << question.metadata;
  }
}
TEST_P(Published, answers_with_the_letter_of_an_option_where_there_are_options) {
  for (const auto& question : all_questions()) {
    if (question.choices.empty()) continue;
    EXPECT_TRUE(question.answer.size() == 1 && question.answer[0] >= 'A' &&
                question.answer[0] < static_cast<char>('A' + question.choices.size()))
        << question.answer;
  }
}
TEST_P(Published, loads_with_each_of_its_prompts) {
  const FixtureHub hub;
  for (const auto prompt : GetParam()->prompts) {
    Question question;
    EXPECT_TRUE(open_dataset(GetParam()->id, hub.with({{"prompt", std::string(prompt)}}))->next(question))
        << prompt;
  }
}
TEST_P(Published, S13_scores_the_reference_as_right_where_a_pure_rule_judges) {
  for (const auto& question : all_questions()) {
    if (!find(evaluation::scorers(), question.scorer)) continue;
    const bool hidden = question.answer == "?";  // as in the test split of GAIA
    if (hidden || !GetParam()->has_answers) continue;
    EXPECT_EQ(judge(question, "Answer: " + question.answer).correct, true) << question.id;
  }
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
