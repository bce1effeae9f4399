// SPDX-License-Identifier: Apache-2.0
// SimpleQA (Wei et al. 2024, arXiv 2411.04368): the question as it is, as openai/simple-evals asks it.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ipw/datasets/factories.h"

namespace ipw::datasets {
namespace {

/// A text of the column `metadata`, which is written as a Python dictionary.
std::string python_field(const std::string& dictionary, std::string_view key) {
  const auto at = dictionary.find(fmt::format("'{}': ", key));
  if (at == std::string::npos) return {};
  const auto open = at + key.size() + 4;
  const auto close =
      open < dictionary.size() ? dictionary.find(dictionary[open], open + 1) : std::string::npos;
  return close == std::string::npos ? std::string() : dictionary.substr(open + 1, close - open - 1);
}

MapRow prepare(const Setting& setting) {
  const bool is_official = setting.prompt == "official";
  return [=](const Row& row, Question& out) {
    out.question = row.text("problem");
    out.problem = is_official ? out.question
                              : fmt::format(
                                    "Give a short factual answer only: full names, no explanation, no units "
                                    "unless asked for.\n\n{}",
                                    out.question);
    out.answer = row.text("answer");
    const auto about = row.text_or("metadata", "");
    out.subject = python_field(about, "topic");
    out.metadata = dump_json({{"answer_type", python_field(about, "answer_type")}});
    return true;
  };
}

}  // namespace

const Benchmark& simpleqa() {
  static const Benchmark kBenchmark = {
      .id = "simpleqa",
      .name = "SimpleQA",
      .repository = "basicv8vc/SimpleQA",
      .licence = "MIT",
      .scorer = "simpleqa",
      .max_tokens = 512,
      .configs = {{"default", "simple_qa_test_set.csv", {}, 4'326}},
      .columns = {{"problem"}, {"answer"}, {"metadata", ColumnKind::Text, false}},
      .prompts = {"official", "original"},
      .prepare = &prepare,
  };
  return kBenchmark;
}

}  // namespace ipw::datasets
