// SPDX-License-Identifier: Apache-2.0
// GAIA (Mialon et al. 2023, arXiv 2311.12983) with the system prompt of the paper, or with the rules for a
// bare answer as the Python suite asks.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/datasets/factories.h"

namespace ipw::datasets {
namespace {

constexpr std::string_view kOfficial =
    "You are a general AI assistant. I will ask you a question. Report your thoughts, and finish your answer "
    "with "
    "the following template: FINAL ANSWER: [YOUR FINAL ANSWER]. YOUR FINAL ANSWER should be a number OR as "
    "few words "
    "as possible OR a comma separated list of numbers and/or strings. If you are asked for a number, don't "
    "use comma "
    "to write your number neither use units such as $ or percent sign unless specified otherwise. If you are "
    "asked "
    "for a string, don't use articles, neither abbreviations (e.g. for cities), and write the digits in "
    "plain text "
    "unless specified otherwise. If you are asked for a comma separated list, apply the above rules "
    "depending of "
    "whether the element to be put in the list is a number or a string.";

constexpr std::string_view kBare =
    "Please answer the question below. You should:\n\n- Return only your answer, which should be a number, "
    "or a short "
    "phrase with as few words as possible, or a comma separated list of numbers and/or strings.\n- If the "
    "answer is a "
    "number, return only the number without any units unless specified otherwise.\n- If the answer is a "
    "string, don't "
    "include articles, and don't use abbreviations (e.g. for states).\n- If the answer is a comma separated "
    "list, apply "
    "the above rules to each element in the list.";

std::string prompt(bool official, const std::string& file, const std::string& question) {
  const auto attachment =
      file.empty() ? ""
                   : fmt::format("The question comes with the file {}, which is not shown here.\n\n", file);
  if (official) return fmt::format("{}\n\n{}{}", kOfficial, attachment, question);
  return fmt::format("{}\n\n{}Here is the question:\n\n{}", kBare, attachment, question);
}

MapRow prepare(const Setting& setting) {
  const bool official = setting.prompt == "official";
  const std::string name(setting.config.name);
  const auto level_at = name.find("level");
  const std::string wanted = level_at == name.npos ? "" : name.substr(level_at + 5);
  return [=](const Row& row, Question& out) {
    const auto level = row.text_or("Level", "");
    if (!wanted.empty() && level != wanted) return false;
    out.id = row.text("task_id");
    out.question = row.text("Question");
    const auto file = row.text_or("file_name", "");
    out.problem = prompt(official, file, out.question);
    out.answer = row.text("Final answer");
    out.subject = "level_" + level;
    out.metadata =
        dump_json({{"level", level}, {"file_name", file}, {"file_path", row.text_or("file_path", "")}});
    return true;
  };
}

constexpr std::string_view kValidation = "2023/validation/metadata.parquet|2023/validation/metadata.jsonl";

}  // namespace

const Benchmark& gaia() {
  static const Benchmark kBenchmark = {
      .id = "gaia",
      .name = "GAIA",
      .repository = "gaia-benchmark/GAIA",
      .licence = "not stated",
      .access = Access::Gated,
      .scorer = "gaia",
      .max_tokens = 4096,
      .configs = {{"2023_all", kValidation, {}, 165},
                  {"2023_level1", kValidation},
                  {"2023_level2", kValidation},
                  {"2023_level3", kValidation},
                  {"2023_test", "2023/test/metadata.parquet|2023/test/metadata.jsonl"}},
      .columns = {{"task_id"},
                  {"Question"},
                  {"Level", ColumnKind::Number, false},
                  {"Final answer"},
                  {"file_name", ColumnKind::Text, false}},
      .prompts = {"official", "original"},
      .prepare = &prepare,
      .left_out = "questions of other levels",
  };
  return kBenchmark;
}

}  // namespace ipw::datasets
