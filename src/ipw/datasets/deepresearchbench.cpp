// SPDX-License-Identifier: Apache-2.0
// DeepResearch Bench (Du et al. 2025, arXiv 2506.11763): research tasks, judged against the report of a
// reference system.
#include <nlohmann/json.hpp>

#include "ipw/datasets/factories.h"

namespace ipw::datasets {
namespace {

MapRow prepare(const Setting&) {
  return [](const Row& row, Question& out) {
    out.id = row.text_or("id", "");
    out.problem = row.text("prompt");
    out.answer = row.text("article");
    out.subject = row.text_or("topic", "");
    out.metadata = dump_json({{"reference", "openai-deepresearch"}});
    return true;
  };
}

}  // namespace

const Benchmark& deepresearchbench() {
  static const Benchmark kBenchmark = {
      .id = "deepresearchbench",
      .name = "DeepResearch Bench",
      .repository = "muset-ai/DeepResearch-Bench-Dataset",
      .licence = "Apache-2.0",
      .scorer = "deepresearchbench",
      .max_tokens = 16'384,
      .configs = {{"default", "generated_reports/openai-deepresearch.jsonl", {}, 100}},
      .columns = {{"prompt"}, {"article"}},
      .prepare = &prepare,
  };
  return kBenchmark;
}

}  // namespace ipw::datasets
