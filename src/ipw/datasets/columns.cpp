// SPDX-License-Identifier: Apache-2.0
#include "ipw/datasets/columns.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

#include "ipw/base/error.h"
#include "ipw/base/text.h"

namespace ipw::datasets {
namespace {

bool all_texts(const Json& list) {
  return std::ranges::all_of(list, [](const Json& item) { return item.is_string(); });
}

bool fits(const Json& value, ColumnKind kind) {
  switch (kind) {
    case ColumnKind::Text:
      return value.is_string();
    case ColumnKind::Number:
      return value.is_number() || (value.is_string() && parse_double(value.get_ref<const std::string&>()));
    case ColumnKind::Bool:
      return value.is_boolean() || value == "True" || value == "False";
    case ColumnKind::Texts:
      return value.is_array() && all_texts(value);
    case ColumnKind::List:
      return value.is_array();
    case ColumnKind::Object:
      return value.is_object();
  }
  return false;
}

std::string found(const Json& value) {
  if (value.is_null()) return "nothing";
  const auto text = dump_json(value);
  return text.size() <= 40
             ? text
             : fmt::format("{} like {}...", value.type_name(), to_valid_utf8(text.substr(0, 30)));
}

constexpr auto kHint =
    "the published table has changed, or this is another one: name an earlier --dataset-param "
    "revision=COMMIT, or read your own table with --dataset local";

}  // namespace

std::string_view name_of(ColumnKind kind) {
  static constexpr std::string_view kNames[] = {"text",          "number", "true or false",
                                                "list of texts", "list",   "object"};
  return kNames[static_cast<std::size_t>(kind)];
}

void Row::fail(std::string_view what) const {
  throw Error(ErrorCode::Format, fmt::format("{}: {}", place_, what), kHint);
}

const Json* Row::find(std::string_view column) const {
  const auto it = values_.find(column);
  return it == values_.end() || it->is_null() ? nullptr : &*it;
}

const Json& Row::get(std::string_view column, ColumnKind kind) const {
  const auto it = values_.find(column);
  if (it == values_.end()) {
    std::vector<std::string> names;
    for (const auto& [key, value] : values_.items()) names.push_back(key);
    fail(fmt::format("no column '{}' ({} expected); it has: {}", column, name_of(kind), join(names, ", ")));
  }
  if (!fits(*it, kind))
    fail(fmt::format("column '{}' holds {}, expected {}", column, found(*it), name_of(kind)));
  return *it;
}

std::string Row::text(std::string_view column) const {
  return get(column, ColumnKind::Text).get<std::string>();
}

std::int64_t Row::integer(std::string_view column) const {
  const auto& value = get(column, ColumnKind::Number);
  if (value.is_number()) return value.get<std::int64_t>();
  const auto number = parse_int(value.get_ref<const std::string&>());
  if (!number) fail(fmt::format("column '{}' holds {}, expected a whole number", column, found(value)));
  return *number;
}

std::vector<std::string> Row::texts(std::string_view column) const {
  return get(column, ColumnKind::Texts).get<std::vector<std::string>>();
}
const Json& Row::object(std::string_view column) const {
  return get(column, ColumnKind::Object);
}
const Json& Row::list(std::string_view column) const {
  return get(column, ColumnKind::List);
}

std::string Row::text_or(std::string_view column, std::string_view fallback) const {
  const auto* value = find(column);
  if (!value || *value == "") return std::string(fallback);
  return value->is_string() ? value->get<std::string>() : dump_json(*value);
}

void Row::require(std::span<const ColumnRule> schema) const {
  for (const auto& rule : schema) {
    const auto it = values_.find(rule.name);
    if (it == values_.end() && !rule.required) continue;
    if (it == values_.end() || !it->is_null()) get(rule.name, rule.kind);
  }
}

}  // namespace ipw::datasets
