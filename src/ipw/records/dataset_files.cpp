// SPDX-License-Identifier: Apache-2.0
#include "ipw/records/dataset_files.h"

#include <nlohmann/json.hpp>

namespace ipw::records {
namespace {

const char* dtype(RowType type) {
  switch (type) {
    case RowType::Bool:
      return "bool";
    case RowType::Int64:
      return "int64";
    case RowType::Double:
      return "float64";
    case RowType::String:
      return "string";
    default:
      return "null";
  }
}

Json feature(const Column& column) {
  if (column.type == RowType::Struct) {
    Json fields = Json::object();
    for (const auto& child : column.children) fields[child.name] = feature(child);
    return fields;
  }
  if (column.type == RowType::List) {
    // A list of one feature is what all releases of the library read; the names "Sequence" and "List" came
    // and went.
    return Json::array({feature(column.children.empty() ? Column{} : column.children[0])});
  }
  return {{"dtype", dtype(column.type)}, {"_type", "Value"}};
}

}  // namespace

Json dataset_info_json(const std::vector<Column>& columns, const std::string& description) {
  Json features = Json::object();
  for (const auto& column : columns) features[column.name] = feature(column);
  return {{"citation", ""},
          {"description", description},
          {"features", features},
          {"homepage", ""},
          {"license", ""}};
}

Json state_json(const std::vector<std::string>& shards, const std::string& fingerprint,
                std::uint64_t journal_bytes) {
  Json files = Json::array();
  for (const auto& shard : shards) files.push_back(Json::object({{"filename", shard}}));
  return {{"_data_files", files},       {"_fingerprint", fingerprint},
          {"_format_columns", nullptr}, {"_format_kwargs", Json::object()},
          {"_format_type", nullptr},    {"_output_all_columns", false},
          {"_split", nullptr},          {kJournalBytesKey, journal_bytes}};
}

}  // namespace ipw::records
