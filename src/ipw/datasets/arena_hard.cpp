// SPDX-License-Identifier: Apache-2.0
// Arena-Hard-Auto v2.0 (Li et al. 2024, arXiv 2406.11939): hard prompts of real users and creative writing,
// each with the answer of the baseline that a judge compares with (github.com/lmarena/arena-hard-auto).
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "ipw/datasets/factories.h"

namespace ipw::datasets {
namespace {

constexpr std::string_view kQuestions = "data/arena-hard-v2.0/question.jsonl";

/// The category of the rows that a config has, as the files spell it.
std::string_view category_of(const Config& config) {
  return config.name == "creative-writing" ? "creative_writing" : "hard_prompt";
}

/// The last message of a model: {"content": {"answer": TEXT}}.
std::string last_answer(const Row& row) {
  const auto& messages = row.list("messages");
  if (messages.empty() || !messages.back().is_object()) row.fail("'messages' holds no answer");
  const Row last(messages.back(), row.place());
  return Row(last.object("content"), row.place()).text("answer");
}

/// The model whose answers those are: the name of their file.
std::string baseline_of(const Setting& setting) {
  return std::filesystem::path(setting.params.text("examples", setting.config.examples)).stem().string();
}

std::map<std::string, std::string> baseline_answers(const Setting& setting) {
  std::map<std::string, std::string> out;
  const auto rows = setting.examples();
  for (Json values; rows->next(values);) {
    const auto place = rows->place();
    const Row row(values, place);
    out.emplace(row.text("uid"), last_answer(row));
  }
  return out;
}

MapRow prepare(const Setting& setting) {
  const auto answers = std::make_shared<const std::map<std::string, std::string>>(baseline_answers(setting));
  const std::string category(category_of(setting.config));
  const std::string baseline = baseline_of(setting);
  return [=](const Row& row, Question& out) {
    if (row.text("category") != category) return false;
    out.id = row.text("uid");
    const auto answer = answers->find(out.id);
    if (answer == answers->end()) row.fail("the baseline has no answer to " + out.id);
    out.problem = row.text("prompt");
    out.answer = answer->second;
    out.subject = row.text_or("subcategory", category);
    out.metadata = dump_json({{"category", category}, {"baseline", baseline}});
    return true;
  };
}

}  // namespace

const Benchmark& arena_hard() {
  static const Benchmark kBenchmark = {
      .id = "arena-hard",
      .name = "Arena-Hard-Auto v2.0",
      .repository = "lmarena-ai/arena-hard-auto",
      .licence = "Apache-2.0",
      .scorer = "arena-hard",
      .max_tokens = 16'384,
      .configs = {{"hard-prompt", kQuestions, "data/arena-hard-v2.0/model_answer/o3-mini-2025-01-31.jsonl",
                   500},
                  {"creative-writing", kQuestions,
                   "data/arena-hard-v2.0/model_answer/gemini-2.0-flash-001.jsonl", 250}},
      .columns = {{"uid"}, {"category"}, {"prompt"}, {"subcategory", ColumnKind::Text, false}},
      .params = {"examples"},
      .prepare = &prepare,
  };
  return kBenchmark;
}

}  // namespace ipw::datasets
