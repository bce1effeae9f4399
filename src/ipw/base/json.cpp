// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/files.h"

namespace ipw {
namespace {
constexpr auto kReplace = Json::error_handler_t::replace;
constexpr int kMaxDepth = 1000;  ///< the library copies and destroys values by recursion

/// Whether brackets outside of strings nest deeper than that; of no matter in text that is no JSON.
bool nests_too_deep(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\')
      ++i;
    else if (c == '"')
      quoted = !quoted;
    else if (!quoted && (c == '{' || c == '[') && ++depth > kMaxDepth)
      return true;
    else if (!quoted && (c == '}' || c == ']'))
      --depth;
  }
  return false;
}
}  // namespace

Result<Json, std::string> parse_json(std::string_view text) {
  if (nests_too_deep(text)) return Unexpected<std::string>(fmt::format("it nests deeper than {}", kMaxDepth));
  try {
    return Json::parse(text);
  } catch (const Json::exception& e) {
    return Unexpected<std::string>(e.what());
  }
}

std::string dump_json(const Json& value) {
  return value.dump(-1, ' ', false, kReplace);
}

std::string pretty_json(const Json& value) {
  return value.dump(2, ' ', false, kReplace) + "\n";
}

const Json& member(const Json& object, std::string_view key) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto it = object.find(key);
  return it == object.end() ? kNull : *it;
}

std::string text_at(const Json& object, std::string_view key) {
  const Json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

Json read_json_file(const std::string& path) {
  auto parsed = parse_json(read_file(path));
  if (!parsed) throw Error(ErrorCode::Format, fmt::format("{} is not valid JSON: {}", path, parsed.error()));
  return std::move(*parsed);
}

}  // namespace ipw
