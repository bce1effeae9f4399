// SPDX-License-Identifier: Apache-2.0
// MMLU-Pro (Wang et al. 2024, arXiv 2406.01574) with the prompt of its own evaluation script
// (github.com/TIGER-AI-Lab/MMLU-Pro): chain of thought with examples of the question's category.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/datasets/factories.h"

namespace ipw::datasets {
namespace {

/// One row of the test or validation split, without its "N/A" options.
struct Item {
  std::string id, question, category, source, reasoning;
  std::vector<std::string> options;
  std::string answer;
};

Item to_item(const Row& row) {
  Item item{row.text_or("question_id", ""),
            row.text("question"),
            row.text_or("category", "general"),
            row.text_or("src", ""),
            row.text_or("cot_content", ""),
            {},
            {}};
  const auto answer_index = row.integer("answer_index");
  const auto options = row.texts("options");
  for (std::size_t i = 0; i < options.size(); ++i) {
    if (options[i] == "N/A") continue;
    // The letter follows the option's text, so that a dropped option before it does not shift the answer.
    if (std::cmp_equal(answer_index, i)) item.answer = letter(item.options.size());
    item.options.push_back(options[i]);
  }
  if (item.answer.empty()) row.fail("the answer is none of the options");
  return item;
}

std::string head(const Item& item) {
  return fmt::format("Question:\n{}\nOptions:\n{}", item.question, option_lines(item.options));
}

std::pair<std::string, std::string> example(const Row& row) {
  const auto item = to_item(row);
  return {item.category, head(item) +
                             replace_all(item.reasoning, "A: Let's think step by step.",
                                         "Answer: Let's think step by step.") +
                             "\n\n"};
}

std::string official(const Item& item, const Examples& examples) {
  const auto it = examples.find(item.category);
  return fmt::format(
      "The following are multiple choice questions (with answers) about {}. Think step by step and then "
      "finish "
      "your answer with \"the answer is (X)\" where X is the correct letter choice.\n\n\n\n{}{}Answer: Let's "
      "think "
      "step by step.",
      item.category, it == examples.end() ? "" : it->second, head(item));
}

/// As the Python suite asks: no examples, no reasoning.
std::string original(const Item& item) {
  return fmt::format("{}\n\nOptions:\n{}\nAnswer with the letter of the correct option.", item.question,
                     option_lines(item.options));
}

MapRow prepare(const Setting& setting) {
  const bool is_official = setting.prompt == "official";
  Examples shots;
  if (is_official && setting.shots > 0)
    shots = collect_examples(*setting.examples(), setting.shots, &example);
  return [=](const Row& row, Question& out) {
    const auto item = to_item(row);
    out.id = item.id;
    out.problem = is_official ? official(item, shots) : original(item);
    out.question = item.question;
    out.answer = item.answer;
    out.subject = item.category;
    out.choices = item.options;
    out.metadata = dump_json({{"question_id", item.id}, {"source", item.source}});
    return true;
  };
}

}  // namespace

const Benchmark& mmlu_pro() {
  static const Benchmark kBenchmark = {
      .id = "mmlu-pro",
      .name = "MMLU-Pro",
      .repository = "TIGER-Lab/MMLU-Pro",
      .revision = "527feea0afed1de15a8c115abf7be4c912123315",
      .licence = "MIT",
      .scorer = "mmlu-pro",
      .max_tokens = 2048,
      .configs = {{"default", "data/test-*.parquet", "data/validation-*.parquet", 12'032}},
      .columns = {{"question_id", ColumnKind::Number, false},
                  {"question"},
                  {"options", ColumnKind::Texts},
                  {"answer_index", ColumnKind::Number},
                  {"category"},
                  {"cot_content", ColumnKind::Text, false},
                  {"src", ColumnKind::Text, false}},
      .prompts = {"official", "original"},
      .shots = 5,
      .max_shots = 5,
      .prepare = &prepare,
  };
  return kBenchmark;
}

}  // namespace ipw::datasets
