// SPDX-License-Identifier: Apache-2.0
#include "ipw/datasets/test_names.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace ipw::datasets {

Json test_names(const Row& row, std::string_view column) {
  const Json* value = row.find(column);
  if (value == nullptr) return Json::array();
  Json list = *value;
  if (list.is_string()) {
    auto parsed = parse_json(list.get<std::string>());
    if (!parsed) row.fail(fmt::format("column '{}' is no list of tests: {}", column, parsed.error()));
    list = *std::move(parsed);
  }
  if (!list.is_array()) row.fail(fmt::format("column '{}' is no list of tests", column));
  return list;
}

}  // namespace ipw::datasets
