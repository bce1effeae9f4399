// SPDX-License-Identifier: Apache-2.0
// IFEval (Zhou et al. 2023, arXiv 2311.07911): prompts with instructions that a program can check.
#include <nlohmann/json.hpp>

#include "ipw/datasets/factories.h"

namespace ipw::datasets {
namespace {

MapRow prepare(const Setting&) {
  return [](const Row& row, Question& out) {
    out.id = row.text_or("key", "");
    out.problem = row.text("prompt");
    const auto instructions = row.texts("instruction_id_list");
    if (instructions.empty()) row.fail("the list of instructions is empty");
    out.subject = instructions.front().substr(0, instructions.front().find(':'));
    out.metadata = dump_json({{"instruction_id_list", instructions}, {"kwargs", row.list("kwargs")}});
    return true;
  };
}

}  // namespace

const Benchmark& ifeval() {
  static const Benchmark kBenchmark = {
      .id = "ifeval",
      .name = "IFEval",
      .repository = "google/IFEval",
      .revision = "966cd89545d6b6acfd7638bc708b98261ca58e84",
      .licence = "Apache-2.0",
      .scorer = "ifeval",
      .max_tokens = 1280,
      .configs = {{"default", "ifeval_input_data.jsonl", {}, 541}},
      .columns = {{"key", ColumnKind::Number},
                  {"prompt"},
                  {"instruction_id_list", ColumnKind::Texts},
                  {"kwargs", ColumnKind::List}},
      .prepare = &prepare,
      .has_answers = false,
  };
  return kBenchmark;
}

}  // namespace ipw::datasets
