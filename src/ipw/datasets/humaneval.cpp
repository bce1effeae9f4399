// SPDX-License-Identifier: Apache-2.0
// HumanEval (Chen et al. 2021, arXiv 2107.03374): functions to complete from their signature and docstring.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/datasets/factories.h"

namespace ipw::datasets {
namespace {

MapRow prepare(const Setting& setting) {
  const bool chat = setting.prompt == "chat";
  return [=](const Row& row, Question& out) {
    const auto prompt = row.text("prompt");
    out.id = row.text("task_id");
    out.question = prompt;
    out.problem = chat ? fmt::format(
                             "Complete this Python function. Answer with the whole function in one code "
                             "block.\n\n```python\n{}```",
                             prompt)
                       : prompt;
    out.answer = row.text("canonical_solution");
    out.subject = "python";
    out.metadata =
        dump_json({{"prompt", prompt}, {"test", row.text("test")}, {"entry_point", row.text("entry_point")}});
    return true;
  };
}

}  // namespace

const Benchmark& humaneval() {
  static const Benchmark kBenchmark = {
      .id = "humaneval",
      .name = "HumanEval",
      .repository = "openai/openai_humaneval",
      .revision = "7dce6050a7d6d172f3cc5c32aa97f52fa1a2e544",
      .licence = "MIT",
      .scorer = "humaneval",
      .max_tokens = 1024,
      .configs = {{"default", "openai_humaneval/test-*.parquet", {}, 164}},
      .columns = {{"task_id"}, {"prompt"}, {"canonical_solution"}, {"test"}, {"entry_point"}},
      .prompts = {"official", "chat"},
      .prepare = &prepare,
  };
  return kBenchmark;
}

}  // namespace ipw::datasets
