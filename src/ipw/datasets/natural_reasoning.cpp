// SPDX-License-Identifier: Apache-2.0
// NaturalReasoning (Yuan et al. 2025, arXiv 2502.13124): the question as it is. Rows without a reference
// answer (proofs, open questions) cannot be judged and are left out.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ipw/base/text.h"
#include "ipw/datasets/factories.h"

namespace ipw::datasets {
namespace {

MapRow prepare(const Setting& setting) {
  const bool is_official = setting.prompt == "official";
  return [=](const Row& row, Question& out) {
    out.answer = row.text_or("reference_answer", "");
    if (trim(out.answer).empty()) return false;
    out.question = row.text("question");
    out.problem = is_official
                      ? out.question
                      : fmt::format("Reason step by step and give a clear final answer.\n\n{}", out.question);
    return true;
  };
}

}  // namespace

const Benchmark& natural_reasoning() {
  static const Benchmark kBenchmark = {
      .id = "natural-reasoning",
      .name = "NaturalReasoning",
      .repository = "facebook/natural_reasoning",
      .licence = "CC-BY-NC-4.0",
      .scorer = "natural-reasoning",
      .max_tokens = 4096,
      .configs = {{"default", "data/train-*.parquet|*.jsonl|*.parquet"}},
      .columns = {{"question"}, {"reference_answer"}},
      .prompts = {"official", "original"},
      .prepare = &prepare,
      .left_out = "no reference answer",
  };
  return kBenchmark;
}

}  // namespace ipw::datasets
