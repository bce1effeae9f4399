// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/exec_lines.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/telemetry/names.h"

namespace ipw::telemetry {
namespace {

constexpr std::size_t kLongestName = 100;

/// Read a number that may be absent; false when it is no finite number of at least 0.
bool take(const Json& json, const char* key, std::optional<double>& into) {
  const auto it = json.find(key);
  if (it == json.end()) return true;
  if (!it->is_number() || !std::isfinite(it->get<double>()) || it->get<double>() < 0) return false;
  into = it->get<double>();
  return true;
}

bool take_texts(const Json& json, ExecLine& out, std::string& why) {
  if (const auto it = json.find("domain"); it != json.end()) {
    if (!it->is_string() || it->get<std::string>().empty() || it->get<std::string>().size() > kLongestName)
      return why = "'domain' is no name", false;
    out.domain = *it;
  }
  if (const auto it = json.find("scope"); it != json.end()) {
    out.scope = it->is_string() ? scope_from(it->get<std::string>()) : std::nullopt;
    if (!out.scope) return why = "'scope' is no known scope", false;
  }
  return true;
}

}  // namespace

Result<ExecLine, std::string> parse_exec_line(std::string_view line) {
  const auto json = parse_json(line);
  if (!json || !json->is_object()) return Unexpected<std::string>("it is no JSON object");
  ExecLine out;
  std::optional<double> age_ms, update_ms;
  for (const auto& [key, into] : {std::pair{"watts", &out.watts},
                                  {"joules", &out.joules},
                                  {"age_ms", &age_ms},
                                  {"update_ms", &update_ms},
                                  {"relative_half_width", &out.relative_half_width}})
    if (!take(*json, key, *into))
      return Unexpected<std::string>(fmt::format("'{}' is no number of at least 0", key));
  if (std::string why; !take_texts(*json, out, why)) return Unexpected<std::string>(why);
  if (!out.watts && !out.joules) return Unexpected<std::string>("it has neither 'watts' nor 'joules'");
  out.age_seconds = age_ms.value_or(0) / 1e3;
  if (update_ms) out.update_seconds = *update_ms / 1e3;
  return out;
}

std::vector<std::string> split_command(std::string_view text) {
  std::vector<std::string> out;
  bool within = false;
  char quote = 0;
  for (const char c : text) {
    if (quote != 0 ? c == quote : c == '\'' || c == '"') {
      if (!within) out.emplace_back();
      within = true;
      quote = quote != 0 ? '\0' : c;
    } else if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
      within = false;
    } else {
      if (!within) out.emplace_back();
      within = true;
      out.back() += c;
    }
  }
  if (quote != 0) throw Error(ErrorCode::Usage, fmt::format("exec: a quote in '{}' has no end", text));
  if (out.empty())
    throw Error(ErrorCode::Usage, "exec: no program is named",
                "--collector 'exec:/path/to/program --its options'");
  return out;
}

}  // namespace ipw::telemetry
