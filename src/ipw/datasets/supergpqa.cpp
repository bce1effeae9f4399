// SPDX-License-Identifier: Apache-2.0
// SuperGPQA (Du et al. 2025, arXiv 2502.14739) with the zero-shot prompt of its own harness
// (github.com/SuperGPQA/SuperGPQA).
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ipw/base/text.h"
#include "ipw/datasets/factories.h"

namespace ipw::datasets {
namespace {

std::string official(const std::string& question, const std::vector<std::string>& options) {
  return fmt::format(
      "Answer the following multiple choice question. There is only one correct answer. The last line of "
      "your "
      "response should be in the format 'Answer: $LETTER' (without quotes), where LETTER is one of A, B, C, "
      "D, E, "
      "F, G, H, I, or J.\n\n{}\n{}",
      question, option_lines(options, ") "));
}

/// As the Python suite asks, with the blank lines that it meant to have.
std::string original(const std::string& question, const std::vector<std::string>& options) {
  return fmt::format("{}\n\nOptions:\n{}\nAnswer with the letter of the correct option.", question,
                     option_lines(options));
}

MapRow prepare(const Setting& setting) {
  const bool is_official = setting.prompt == "official";
  return [=](const Row& row, Question& out) {
    out.id = row.text_or("uuid", "");
    out.question = row.text("question");
    out.choices = row.texts("options");  // blank ones stay, so that the letters are those of the row
    out.answer = row.text("answer_letter");
    if (out.answer.size() != 1 || out.answer[0] < 'A' ||
        out.answer[0] - 'A' >= static_cast<int>(out.choices.size()))
      row.fail(fmt::format("the answer '{}' is none of the {} options", out.answer, out.choices.size()));
    out.problem = is_official ? official(out.question, out.choices) : original(out.question, out.choices);
    out.subject = row.text_or("discipline", "general");
    Json metadata;
    for (const auto* key : {"discipline", "field", "subfield", "difficulty", "is_calculation", "answer"})
      if (const auto* value = row.find(key)) metadata[key] = *value;
    out.metadata = dump_json(metadata);
    return true;
  };
}

}  // namespace

const Benchmark& supergpqa() {
  static const Benchmark kBenchmark = {
      .id = "supergpqa",
      .name = "SuperGPQA",
      .repository = "m-a-p/SuperGPQA",
      .revision = "4430d4458112c7d4497fdcf94d7cc223313d6acf",
      .licence = "ODC-BY",
      .scorer = "supergpqa",
      .max_tokens = 4096,
      .configs = {{.name = "default",
                   .questions = "SuperGPQA-all.jsonl",
                   .size = 26'529,
                   .sha256 = "28b998e70205ee95e540317b5adc06a06552a3961fb50b153df126b833f7a910"}},
      .columns = {{"uuid", ColumnKind::Text, false},
                  {"question"},
                  {"options", ColumnKind::Texts},
                  {"answer", ColumnKind::Text, false},
                  {"answer_letter"},
                  {"discipline", ColumnKind::Text, false},
                  {"field", ColumnKind::Text, false},
                  {"subfield", ColumnKind::Text, false},
                  {"difficulty", ColumnKind::Text, false},
                  {"is_calculation", ColumnKind::Bool, false}},
      .prompts = {"official", "original"},
      .prepare = &prepare,
  };
  return kBenchmark;
}

}  // namespace ipw::datasets
