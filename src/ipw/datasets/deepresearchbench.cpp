// SPDX-License-Identifier: Apache-2.0
// DeepResearch Bench (Du et al. 2025, arXiv 2506.11763): research tasks, judged beside the report of a
// reference system, with the criteria of each task where their file is named.
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "ipw/datasets/factories.h"
#include "ipw/datasets/row_stream.h"

namespace ipw::datasets {
namespace {

/// Weights and criteria by task, from data/criteria_data/criteria.jsonl of
/// github.com/Ayanami0730/deep_research_bench.
using Criteria = std::map<std::string, Json>;
Criteria read_criteria(const Params& params) {
  Criteria out;
  const auto path = params.get("criteria");
  if (!path) return out;
  const auto rows = open_row_stream(*path);
  for (Json values; rows->next(values);) {
    const auto place = rows->place();
    const Row row(values, place);
    out.emplace(row.text("prompt"), Json{{"dimension_weight", row.object("dimension_weight")},
                                         {"criterions", row.object("criterions")}});
  }
  return out;
}

MapRow prepare(const Setting& setting) {
  const bool named = setting.params.get("criteria").has_value();
  const auto criteria = std::make_shared<const Criteria>(read_criteria(setting.params));
  return [=](const Row& row, Question& out) {
    out.id = row.text_or("id", "");
    out.problem = row.text("prompt");
    out.answer = row.text("article");
    out.subject = row.text_or("topic", "");
    Json metadata = {{"reference", "openai-deepresearch"}};
    const auto own = criteria->find(out.problem);
    if (named && own == criteria->end()) row.fail("the file of criteria= has none for this task");
    if (named) metadata.update(own->second);
    out.metadata = dump_json(metadata);
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
      .params = {"criteria"},
      .prepare = &prepare,
  };
  return kBenchmark;
}

}  // namespace ipw::datasets
