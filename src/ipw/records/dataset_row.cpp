// SPDX-License-Identifier: Apache-2.0
#include "ipw/records/dataset_row.h"

#include <algorithm>

#include "ipw/records/record_json.h"

namespace ipw::records {
namespace {

constexpr auto kText = RowType::String;
constexpr auto kNumber = RowType::Double;
constexpr auto kInteger = RowType::Int64;

Column energy_column() {
  auto domain = structure("", {leaf("domain", kText), leaf("scope", kText), leaf("joules", kNumber),
                               leaf("half_width_joules", kNumber), leaf("method", kText), leaf("rule", kText),
                               leaf("coverage", kNumber), leaf("idle_joules", kNumber), leaf("reason", kText),
                               leaf("random_half_width_joules", kNumber), leaf("low_joules", kNumber),
                               leaf("high_joules", kNumber), leaf("sensor_coverage", kNumber),
                               Column{"validity", RowType::List, {leaf("", kText)}},
                               leaf("idle_error_joules", kNumber), leaf("alternative_to", kText)});
  return {"energy", RowType::List, {std::move(domain)}};
}

Column devices_column() {
  auto gauge =
      structure("", {leaf("domain", kText), leaf("device", kText), leaf("gauge", kText), leaf("avg", kNumber),
                     leaf("max", kNumber), leaf("median", kNumber), leaf("min", kNumber)});
  return {"devices", RowType::List, {std::move(gauge)}};
}

Column latency_column() {
  return structure(
      "latency", {leaf("total_seconds", kNumber), leaf("ttft_seconds", kNumber),
                  Column{"itl_seconds", RowType::List, {leaf("", kNumber)}}, leaf("prefill_seconds", kNumber),
                  leaf("decode_seconds", kNumber), leaf("clock", kText)});
}

Column tokens_column() {
  return structure("tokens", {leaf("input", kInteger), leaf("output", kInteger), leaf("cached", kInteger),
                              leaf("reasoning", kInteger), leaf("source", kText)});
}

Column cost_column() {
  auto column =
      leaves("cost", kNumber, {"input_usd", "cached_usd", "output_usd", "reasoning_usd", "total_usd"});
  column.children.push_back(leaf("prices_as_of", kText));
  return column;
}

Column evaluation_column() {
  return structure("evaluation",
                   {leaf("correct", RowType::Bool), leaf("scorer", kText), leaf("extracted", kText),
                    leaf("reason", kText), leaf("metadata", kText), leaf("score", kNumber)});
}

/// Ours have the names and shapes of a journal line (query_record.cpp), so that the same code reads both.
std::vector<Column> own_columns() {
  return {leaf("index", kInteger),
          leaf("query_id", kText),
          leaf("sample", kInteger),
          leaf("prompt_sha256", kText),
          leaf("reasoning", kText),
          leaf("finish_reason", kText),
          structure("failure", {leaf("kind", kText), leaf("message", kText), leaf("http_status", kInteger)}),
          leaf("attempts", kInteger),
          leaf("started_unix_ns", kInteger),
          leaf("started_seconds", kNumber),
          latency_column(),
          tokens_column(),
          cost_column(),
          leaf("server_timings", kText),
          energy_column(),
          leaves("prefill", kNumber, {"joules", "seconds", "half_width_joules"}),
          leaves("decode", kNumber, {"joules", "seconds", "half_width_joules"}),
          leaf("shared_device", RowType::Bool),
          stats_column("gpu_power_watts"),
          stats_column("cpu_power_watts"),
          stats_column("temperature_celsius"),
          stats_column("cpu_memory_mb"),
          stats_column("gpu_memory_mb"),
          leaf("gpu_utilization_pct", kNumber),
          leaf("gpu_memory_bandwidth_pct", kNumber),
          leaf("gpu_memory_total_mb", kNumber),
          devices_column(),
          evaluation_column()};
}

/// A union of structs fills what a row lacks with null: take that back.
void drop_nulls(Json& value) {
  if (!value.is_structured()) return;
  if (value.is_object())
    for (auto it = value.begin(); it != value.end();) it = it->is_null() ? value.erase(it) : std::next(it);
  for (auto& child : value) drop_nulls(child);
}

bool nested_deeper_than(const std::string& text, int limit) {
  int depth = 0;
  for (const char c : text) {
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (depth > limit) return true;
  }
  return false;
}

}  // namespace

Column leaves(std::string name, RowType type, std::initializer_list<const char*> children) {
  Column out = structure(std::move(name), {});
  for (const char* child : children) out.children.push_back(leaf(child, type));
  return out;
}

Column stats_column(std::string name) {
  return leaves(std::move(name), kNumber, {"avg", "max", "median", "min"});
}

std::vector<Column> dataset_columns(const std::string& model, const Column& metadata) {
  std::vector<Column> columns = {leaf("problem", kText),
                                 leaf("answer", kText),
                                 metadata,
                                 leaf("subject", kText),
                                 structure("model_answers", {leaf(model, kText)}),
                                 structure("model_metrics", {model_metrics_column(model)})};
  columns[2].name = "dataset_metadata";
  std::ranges::move(own_columns(), std::back_inserter(columns));
  return columns;
}

Json dataset_row(const QueryRecord& record, const std::string& model, const MachineInfo& machine) {
  Json row = to_json(record);
  row["subject"] = record.subject;
  row["dataset_metadata"] = metadata_object(record.dataset_metadata);
  row["model_answers"][model] = record.response;
  row["model_metrics"][model] = model_metrics(record, machine);
  return row;
}

Json metadata_object(const std::string& text) {
  // Deeply nested text is not worth a struct, and writing it back would cost a stack frame a level.
  if (!nested_deeper_than(text, 100))
    if (auto parsed = parse_json(text); parsed && parsed->is_object()) return std::move(*parsed);
  return text.empty() ? Json::object() : Json{{"dataset_metadata", text}};
}

QueryRecord record_from_row(const Json& row, const std::string& model, std::int64_t index) {
  if (!row.contains("query_id") || !row.contains("attempts"))
    return record_from_original_row(row, model, index);
  Json fields = row;
  Json metadata = member(row, "dataset_metadata");
  drop_nulls(metadata);
  fields["dataset_metadata"] = metadata.is_object() && !metadata.empty() ? Json(dump_json(metadata)) : Json();
  fields["response"] = member(member(row, "model_answers"), model.c_str());
  return query_record_from_json(fields);
}

}  // namespace ipw::records
