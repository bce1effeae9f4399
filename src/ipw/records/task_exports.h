// SPDX-License-Identifier: Apache-2.0
// What the files that export tasks share.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "ipw/base/json.h"
#include "ipw/records/query_record.h"

namespace ipw::records {

std::size_t write_flat_dataset(const std::filesystem::path& folder);
std::size_t write_atif(const std::filesystem::path& folder);
std::size_t write_otel(const std::filesystem::path& folder);

/// Give the queries of a journal that have spans, or have none because their place could not be made, in the
/// order of the dataset, one at a time. Returns their number; 0 without a journal.
std::size_t for_each_task(const std::filesystem::path& folder,
                          const std::function<void(const QueryRecord&)>& take);

/// A name of the run for documents that leave it: 32 hex digits, the same each time.
std::string session_of(const std::filesystem::path& folder);

/// Write a line of JSON for each task of a journal, the file whole or not at all; without any task an older
/// file stays as it is. Returns the number of lines.
std::size_t write_task_lines(const std::filesystem::path& folder, const std::string& name,
                             const std::function<Json(const QueryRecord&)>& line);

/// A call of a model, the tools that it asked for, and the models that these asked.
struct Turn {
  const Span* model = nullptr;
  std::vector<const Span*> tools, sub_models;
};
/// A tool belongs to the call that came last before it (defect A3).
std::vector<Turn> turns_of(const std::vector<Span>& spans);

/// Whether a model's energy can be measured: by the address in config.json, since a provider's machine is
/// measured by nobody here (defect M32).
bool lm_energy_measurable(const Json& config);

/// A task in the original's form (original-formats.md 2.5), our spans behind.
Json trace_json(const QueryRecord& record, bool measurable = true);

}  // namespace ipw::records
