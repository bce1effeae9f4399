// SPDX-License-Identifier: Apache-2.0
#include "ipw/evaluation/task_metadata.h"

#include <nlohmann/json.hpp>

#include "ipw/base/json.h"
#include "ipw/base/text.h"

namespace ipw::evaluation {
namespace {

bool read_texts(const Json& object, const char* key, std::vector<std::string>& out) {
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) return true;
  if (!it->is_array()) return false;
  for (const auto& item : *it) {
    if (!item.is_string()) return false;
    out.push_back(item.get<std::string>());
  }
  return true;
}

std::string read_keys(const Json& object, TaskMetadata& out) {
  if (!read_texts(object, "aliases", out.aliases)) return "metadata.aliases is not a list of texts";
  if (!read_texts(object, "rivals", out.rivals)) return "metadata.rivals is not a list of texts";
  if (const auto it = object.find("pattern"); it != object.end() && it->is_string())
    out.pattern = it->get<std::string>();
  if (const auto it = object.find("tolerance"); it != object.end() && !it->is_null()) {
    if (!it->is_number() || it->get<double>() < 0) return "metadata.tolerance is not a number of 0 or more";
    out.tolerance = it->get<double>();
  }
  return {};
}

}  // namespace

TaskMetadata read_task_metadata(std::string_view json) {
  TaskMetadata out;
  if (trim(json).empty()) return out;
  const auto value = parse_json(json);
  if (!value || !value->is_object())
    out.problem = "the question's metadata is not a JSON object";
  else
    out.problem = read_keys(*value, out);
  return out;
}

}  // namespace ipw::evaluation
