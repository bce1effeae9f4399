// SPDX-License-Identifier: Apache-2.0
#include "ipw/records/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/module.h"
#include "ipw/records/arrow_api.h"

namespace ipw::records {
namespace {

namespace fs = std::filesystem;

/// Below this, and beyond so many keys, values are kept as JSON text: a hostile or careless dataset must not
/// make the schema grow without bound (Arrow itself refuses nesting beyond 64).
constexpr int kMaxDepth = 16;
constexpr std::size_t kMaxChildren = 1000;

RowType type_of(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return RowType::Null;
    case Json::value_t::boolean:
      return RowType::Bool;
    case Json::value_t::number_integer:
      return RowType::Int64;
    case Json::value_t::number_unsigned:
      return value.get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()}
                 ? RowType::Int64
                 : RowType::String;
    case Json::value_t::number_float:
      return RowType::Double;
    case Json::value_t::array:
      return RowType::List;
    case Json::value_t::object:
      return RowType::Struct;
    default:
      return RowType::String;
  }
}

RowType join(RowType a, RowType b) {
  if (a == b || b == RowType::Null) return a;
  if (a == RowType::Null) return b;
  const auto is_number = [](RowType t) { return t == RowType::Int64 || t == RowType::Double; };
  return is_number(a) && is_number(b) ? RowType::Double : RowType::String;
}

void widen_at(Column& column, const Json& value, int depth);

void widen_children(Column& column, const Json& object, int depth) {
  for (const auto& [key, value] : object.items()) {
    auto child = std::ranges::find(column.children, key, &Column::name);
    if (child == column.children.end()) child = column.children.insert(child, Column{key, RowType::Null, {}});
    widen_at(*child, value, depth);
  }
}

void widen_at(Column& column, const Json& value, int depth) {
  column.type = join(column.type, type_of(value));
  if (depth > kMaxDepth && value.is_structured()) column.type = RowType::String;
  if (column.type == RowType::Struct && value.is_object()) widen_children(column, value, depth + 1);
  if (column.type == RowType::List && column.children.empty()) column.children.emplace_back();
  if (column.type == RowType::List && value.is_array())
    for (const auto& item : value) widen_at(column.children[0], item, depth + 1);
  if (column.children.size() > kMaxChildren) column.type = RowType::String;
  if (column.type == RowType::String) column.children.clear();
}

std::vector<fs::path> files_of_folder(const fs::path& folder) {
  if (fs::exists(folder / "dataset_dict.json")) {
    const auto splits = read_json_file(folder / "dataset_dict.json");
    if (!splits.contains("splits") || !splits["splits"].is_array() || splits["splits"].empty() ||
        !splits["splits"][0].is_string())
      throw Error(ErrorCode::Format,
                  fmt::format("{} names no splits", (folder / "dataset_dict.json").string()));
    return files_of_folder(folder / splits["splits"][0].get<std::string>());
  }
  if (!fs::exists(folder / "state.json"))
    throw Error(ErrorCode::NotFound, fmt::format("{} is no dataset: it has no state.json", folder.string()),
                "give a folder written by `ipw`, or by save_to_disk of Hugging Face datasets");
  const auto state = read_json_file(folder / "state.json");
  std::vector<fs::path> files;
  for (const auto& file : state.value("_data_files", Json::array()))
    if (file.is_object() && file.contains("filename") && file["filename"].is_string())
      files.push_back(folder / fs::path(file["filename"].get<std::string>()).filename());
  return files;
}

}  // namespace

void widen(Column& column, const Json& value) {
  widen_at(column, value, 0);
}

std::unique_ptr<RowReader> open_rows(const fs::path& path) {
  if (!fs::exists(path)) throw Error(ErrorCode::NotFound, fmt::format("{} does not exist", path.string()));
  const auto files = fs::is_directory(path) ? files_of_folder(path) : std::vector<fs::path>{path};
  for (const auto& file : files)
    if (!fs::exists(file))
      throw Error(ErrorCode::NotFound, fmt::format("the shard {} is missing", file.string()));
  return module_api<ArrowApi>("arrow").open_files(files);
}

std::unique_ptr<RowWriter> write_arrow_stream(const fs::path& file, const std::vector<Column>& columns) {
  return module_api<ArrowApi>("arrow").write_stream(file, columns);
}

}  // namespace ipw::records
