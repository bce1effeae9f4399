// SPDX-License-Identifier: Apache-2.0
// GDPval (Patwardhan et al. 2025, arXiv 2510.04374): tasks of occupations with files, judged by a rubric
// where the revision has one. The files are named in the metadata; they are loaded for agents, not for models
// that only read text.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/datasets/factories.h"

namespace ipw::datasets {
namespace {

MapRow prepare(const Setting& setting) {
  const auto fetch = setting.files ? setting.file : decltype(setting.file)();
  return [=](const Row& row, Question& out) {
    out.id = row.text("task_id");
    out.problem = row.text("prompt");
    out.subject = row.text_or("occupation", "");
    out.metadata = dump_json({{"sector", row.text_or("sector", "")},
                              {"rubric", row.text_or("rubric_pretty", "")},
                              {"rubric_json", row.text_or("rubric_json", "")},
                              {"reference_files", row.texts("reference_files")}});
    if (!fetch) return true;
    for (const auto& name : row.texts("reference_files")) {
      const auto path = fetch(name);
      if (!std::filesystem::exists(path)) row.fail(fmt::format("its file {} is not there", path.string()));
      out.files.push_back(path.string());
    }
    return true;
  };
}

}  // namespace

const Benchmark& gdpval() {
  static const Benchmark kBenchmark = {
      .id = "gdpval",
      .name = "GDPval",
      .repository = "openai/gdpval",
      .revision = "11e7900cdcac61bc4daf59e65feb238acda98fbf",
      .licence = "not stated",
      .scorer = "gdpval",
      .max_tokens = 16'384,
      .configs = {{"default", "data/train-*.parquet", {}, 220}},
      .columns = {{"task_id"},
                  {"prompt"},
                  {"reference_files", ColumnKind::Texts},
                  {"rubric_pretty", ColumnKind::Text, false}},
      .prepare = &prepare,
      .has_answers = false,
  };
  return kBenchmark;
}

}  // namespace ipw::datasets
