// SPDX-License-Identifier: Apache-2.0
// SWE-bench (Jimenez et al. 2024, arXiv 2310.06770): an issue of a project, solved by a patch that its tests
// accept (github.com/SWE-bench/SWE-bench).
#include <nlohmann/json.hpp>

#include "ipw/datasets/factories.h"
#include "ipw/datasets/test_names.h"

namespace ipw::datasets {
namespace {

constexpr std::string_view kTable = "data/test-*.parquet";

MapRow prepare(const Setting& setting) {
  const std::string variant(setting.config.name);
  return [=](const Row& row, Question& out) {
    out.id = row.text("instance_id");
    out.problem = row.text("problem_statement");
    out.answer = row.text("patch");
    out.subject = row.text("repo");
    Json metadata = {{"variant", variant},
                     {"repo", out.subject},
                     {"base_commit", row.text("base_commit")},
                     {"test_patch", row.text("test_patch")},
                     {"fail_to_pass", test_names(row, "FAIL_TO_PASS")},
                     {"pass_to_pass", test_names(row, "PASS_TO_PASS")}};
    // The later ones are of release 5: the container, its script and the parser of its log.
    for (const auto* column : {"version", "hints_text", "environment_setup_commit", "created_at",
                               "difficulty", "image", "eval_script", "log_parser", "eval_type"})
      if (auto text = row.text_or(column, ""); !text.empty()) metadata[column] = std::move(text);
    out.metadata = dump_json(metadata);
    return true;
  };
}

}  // namespace

const Benchmark& swebench() {
  static const Benchmark kBenchmark = {
      .id = "swebench",
      .name = "SWE-bench",
      .repository = "princeton-nlp/SWE-bench_Verified",
      .revision = "c104f840cc67f8b6eec6f759ebc8b2693d585d4a",
      .licence = "MIT",
      .scorer = "swebench",
      .max_tokens = 16'384,
      .configs =
          {{.name = "verified-mini",
            .questions = kTable,
            .size = 50,
            .repository = "MariusHobbhahn/swe-bench-verified-mini",
            .revision = "b316c349947c29963fce3f4a65967c9807a4b673"},
           {.name = "verified", .questions = kTable, .size = 500},
           {.name = "lite", .questions = kTable, .size = 300, .repository = "SWE-bench/SWE-bench_Lite"},
           {.name = "full", .questions = kTable, .size = 2294, .repository = "SWE-bench/SWE-bench"}},
      .columns =
          {{"instance_id"}, {"repo"}, {"base_commit"}, {"problem_statement"}, {"patch"}, {"test_patch"}},
      .prepare = &prepare,
  };
  return kBenchmark;
}

}  // namespace ipw::datasets
