// SPDX-License-Identifier: Apache-2.0
// hf_dataset/: a flat row for each task, with the columns of the original (original-formats.md 2.6).
#include <array>
#include <nlohmann/json.hpp>

#include "ipw/base/files.h"
#include "ipw/base/hash.h"
#include "ipw/records/dataset_row.h"
#include "ipw/records/dataset_writer.h"
#include "ipw/records/journal_index.h"
#include "ipw/records/record_json.h"
#include "ipw/records/task_exports.h"

namespace ipw::records {
namespace {

constexpr auto kText = RowType::String;
constexpr auto kNumber = RowType::Double;
constexpr auto kInteger = RowType::Int64;
constexpr auto kYesNo = RowType::Bool;

struct Field {
  const char* name;  ///< the same in traces.jsonl (defect X26)
  RowType type;
};

constexpr std::array<Field, 28> kFields = {{
    {"query_id", kText},
    {"workload_type", kText},
    {"query_text", kText},
    {"response_text", kText},
    {"num_turns", kInteger},
    {"total_input_tokens", kInteger},
    {"total_output_tokens", kInteger},
    {"total_tool_calls", kInteger},
    {"total_wall_clock_s", kNumber},
    {"total_gpu_energy_joules", kNumber},
    {"total_cpu_energy_joules", kNumber},
    {"judge_gpu_energy_joules", kNumber},
    {"judge_cpu_energy_joules", kNumber},
    {"judge_wall_clock_s", kNumber},
    {"total_task_gpu_energy_joules", kNumber},
    {"total_task_cpu_energy_joules", kNumber},
    {"total_tokens", kInteger},
    {"total_cost_usd", kNumber},
    {"avg_gpu_power_watts", kNumber},
    {"avg_cpu_power_watts", kNumber},
    {"throughput_tokens_per_sec", kNumber},
    {"energy_per_output_token_joules", kNumber},
    {"query_mbu_avg_pct", kNumber},
    {"query_mbu_max_pct", kNumber},
    {"completed", kYesNo},
    {"timed_out", kYesNo},
    {"is_resolved", kYesNo},
    {"unscorable_reason", kText},
}};

std::vector<Column> columns() {
  std::vector<Column> out;
  for (const auto& field : kFields) out.push_back(leaf(field.name, field.type));
  out.push_back(leaf("energy_per_token_joules", kNumber));  // its name in tables of the original
  out.push_back(leaf("score_metadata_json", kText));
  out.push_back(leaf("trace_json", kText));
  return out;
}

Json row_of(const QueryRecord& record, bool measurable) {
  const Json trace = trace_json(record, measurable);
  Json row = Json::object();
  for (const auto& field : kFields) row[field.name] = trace.at(field.name);
  row["energy_per_token_joules"] = trace.at("energy_per_output_token_joules");
  row["score_metadata_json"] = dump_json(trace.at("score_metadata"));
  row["trace_json"] = dump_json(trace);
  return row;
}

}  // namespace

std::size_t write_flat_dataset(const std::filesystem::path& folder) {
  const auto journal = folder / kJournalName;
  if (!std::filesystem::exists(journal)) return 0;
  make_directories(folder / "hf_dataset");
  DatasetWriter writer(folder / "hf_dataset", columns(), std::size_t{500} << 20);
  const bool measurable = lm_energy_measurable(read_config(folder));
  const auto count =
      for_each_task(folder, [&](const QueryRecord& r) { writer.append(row_of(r, measurable)); });
  writer.publish("tasks of an agent, measured by ipw", sha256_file(journal).substr(0, 16),
                 std::filesystem::file_size(journal));
  return count;
}

}  // namespace ipw::records
