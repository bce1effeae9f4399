// SPDX-License-Identifier: Apache-2.0
// A query record as a row of the dataset, and back: the original's columns first, ours behind them.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "ipw/base/json.h"
#include "ipw/records/query_record.h"
#include "ipw/records/rows.h"
#include "ipw/records/run_folder.h"

namespace ipw::records {

/// The columns of a dataset of one model; `metadata` is the widened type of dataset_metadata.
std::vector<Column> dataset_columns(const std::string& model, const Column& metadata);
Json dataset_row(const QueryRecord& record, const std::string& model, const MachineInfo& machine);

/// The original's ModelMetrics: every leaf has its type, also where nothing was measured.
Column model_metrics_column(const std::string& model);
Json model_metrics(const QueryRecord& record, const MachineInfo& machine);

/// Parse the metadata of a record; text that is no JSON object is wrapped as {"dataset_metadata": text}, as
/// the original does.
Json metadata_object(const std::string& text);

/// Read a row of ours or of the original. `index` numbers rows that have no index of their own. Throws
/// Error(Format).
QueryRecord record_from_row(const Json& row, const std::string& model, std::int64_t index);
/// Read a row of the original, where every column may be missing or null.
QueryRecord record_from_original_row(const Json& row, const std::string& model, std::int64_t index);

inline Column leaf(std::string name, RowType type) {
  return {std::move(name), type, {}};
}
inline Column structure(std::string name, std::vector<Column> children) {
  return {std::move(name), RowType::Struct, std::move(children)};
}
/// A struct whose leaves are all of one type.
Column leaves(std::string name, RowType type, std::initializer_list<const char*> children);
Column stats_column(std::string name);

}  // namespace ipw::records
