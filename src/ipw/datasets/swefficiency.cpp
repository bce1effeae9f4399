// SPDX-License-Identifier: Apache-2.0
// SWEfficiency (github.com/swefficiency/swefficiency): a workload of a project that a patch makes faster
// without breaking its tests.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/datasets/factories.h"
#include "ipw/datasets/test_names.h"

namespace ipw::datasets {

namespace {

double number_of(const Row& row, std::string_view column) {
  const Json* value = row.find(column);
  return value != nullptr && value->is_number() ? value->get<double>() : 0;
}

/// The issue is absent in most rows; the workload is the task (defect S10).
std::string prompt_of(const Row& row) {
  std::string out =
      fmt::format("Make the repository {} faster on the workload below without changing what it does.\n\n",
                  row.text("repo"));
  if (const auto issue = row.text_or("problem_statement", ""); !issue.empty())
    out += fmt::format("Background:\n{}\n\n", issue);
  out += fmt::format("Workload:\n```python\n{}\n```\n\n", row.text("workload"));
  if (const double speedup = number_of(row, "speedup"); speedup > 0)
    out += fmt::format("An expert's change makes it {:.1f} times as fast.\n", speedup);
  return out +
         "Find what takes the time, change the code of the repository only, keep its tests passing, and "
         "answer "
         "with one unified diff.";
}

MapRow prepare(const Setting&) {
  return [](const Row& row, Question& out) {
    out.id = row.text("instance_id");
    out.problem = prompt_of(row);
    out.answer = row.text("patch");
    out.subject = row.text("repo");
    Json metadata = {{"repo", out.subject},
                     {"base_commit", row.text("base_commit")},
                     {"workload", row.text("workload")},
                     {"speedup", number_of(row, "speedup")},
                     {"covering_tests", test_names(row, "covering_tests")},
                     {"single_thread_tests", test_names(row, "single_thread_tests")},
                     {"pass_to_pass", test_names(row, "PASS_TO_PASS")}};
    for (const auto* column : {"test_patch", "test_cmd", "rebuild_cmd", "image_name", "notes", "version"})
      if (auto text = row.text_or(column, ""); !text.empty()) metadata[column] = std::move(text);
    out.metadata = dump_json(metadata);
    return true;
  };
}

}  // namespace

const Benchmark& swefficiency() {
  static const Benchmark kBenchmark = {
      .id = "swefficiency",
      .name = "SWEfficiency",
      .repository = "swefficiency/swefficiency",
      .licence = "Apache-2.0, texts CC-BY-4.0",
      .scorer = "swefficiency",
      .max_tokens = 16'384,
      .configs = {{"default", "data/test-*.parquet", {}, 498}},
      .columns = {{"instance_id"}, {"repo"}, {"base_commit"}, {"workload"}, {"patch"}},
      .prepare = &prepare,
  };
  return kBenchmark;
}

}  // namespace ipw::datasets
