// SPDX-License-Identifier: Apache-2.0
#include "ipw/records/exports.h"

#include <array>

#include "ipw/base/registry.h"
#include "ipw/base/text.h"
#include "ipw/records/run_folder.h"
#include "ipw/records/task_exports.h"

namespace ipw::records {
namespace {

constexpr std::array<ExportEntry, 4> kExports = {{
    {"atif", "trajectories/qNNNN.json, each task in the Agent Trajectory Interchange Format 1.7", write_atif},
    {"hf", "hf_dataset/, a Hugging Face dataset with a flat row for each task", write_flat_dataset},
    {"jsonl", "traces.jsonl, a line for each task with its turns and spans", write_traces},
    {"otel", "otlp_traces.jsonl, spans of OpenTelemetry with the GenAI conventions, as OTLP JSON",
     write_otel},
}};

}  // namespace

std::span<const ExportEntry> exports() {
  return kExports;
}

std::vector<const ExportEntry*> find_exports(std::string_view list) {
  std::vector<const ExportEntry*> out;
  for (const auto& word : split(list, ','))
    if (const auto name = trim(word); !name.empty())
      out.push_back(&require("export format", exports(), to_lower_ascii(name)));
  return out;
}

}  // namespace ipw::records
