// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/judge_reply.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "ipw/base/braced.h"
#include "ipw/base/json.h"

namespace ipw::execution {
namespace {

constexpr int kMostObjects = 8;  ///< opening braces tried; keeps the search linear

std::string missing_key(const Json& object, const Json& schema) {
  const auto required = schema.find("required");
  if (required == schema.end()) return {};
  for (const auto& key : *required)
    if (!object.contains(key.get<std::string>())) return key.get<std::string>();
  return {};
}

}  // namespace

Result<std::string, std::string> find_reply(std::string_view reply, std::string_view schema_json) {
  const auto schema = parse_json(schema_json);
  if (!schema || !schema->is_object())
    return tl::unexpected(std::string("the rule's schema is no JSON object"));
  std::string fault = "the reply holds no JSON object";
  auto at = reply.find('{');
  for (int tried = 0; at != reply.npos && tried < kMostObjects; ++tried, at = reply.find('{', at + 1)) {
    const auto object = parse_json(braced(reply.substr(at)));
    if (!object || !object->is_object()) continue;
    const auto missing = missing_key(*object, *schema);
    if (missing.empty()) return dump_json(*object);
    fault = fmt::format("the JSON object has no key \"{}\"", missing);
  }
  return tl::unexpected(fault);
}

}  // namespace ipw::execution
