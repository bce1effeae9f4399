// SPDX-License-Identifier: Apache-2.0
// How users write where a server is.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/base/text.h"
#include "ipw/tools/mcp_client.h"

namespace ipw::tools::mcp {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw Error(
      ErrorCode::Usage, "this is no MCP server: " + what,
      R"(write an address, a command line, {"command": "...", "args": [...], "env": {...}} or {"url": "...", "headers": {...}})");
}

std::string text_in(const Json& object, const std::string& key) {
  const auto at = object.find(key);
  if (at == object.end()) return "";
  if (!at->is_string()) fail(fmt::format("{} must be a text", key));
  return at->get<std::string>();
}

/// The fields of an object of texts.
std::vector<std::pair<std::string, std::string>> texts_in(const Json& object, const std::string& key) {
  std::vector<std::pair<std::string, std::string>> out;
  const auto at = object.find(key);
  if (at == object.end()) return out;
  if (!at->is_object()) fail(fmt::format("{} must be an object of texts", key));
  for (const auto& [name, value] : at->items()) {
    if (!value.is_string()) fail(fmt::format("{} must be an object of texts", key));
    out.emplace_back(name, value.get<std::string>());
  }
  return out;
}

ServerSpec from_object(const Json& object) {
  constexpr std::string_view kKnown[] = {"name", "command", "args",    "env",  "cwd",
                                         "url",  "headers", "version", "type", "transport"};
  for (const auto& [key, value] : object.items())
    if (std::ranges::find(kKnown, key) == std::end(kKnown)) fail(fmt::format("it has no '{}'", key));
  ServerSpec out;
  out.name = text_in(object, "name");
  out.url = text_in(object, "url");
  out.folder = text_in(object, "cwd");
  out.version = text_in(object, "version");
  if (const auto command = text_in(object, "command"); !command.empty()) out.argv.push_back(command);
  if (const auto args = object.find("args"); args != object.end()) {
    if (!args->is_array()) fail("args must be an array of texts");
    for (const auto& each : *args) {
      if (!each.is_string()) fail("args must be an array of texts");
      out.argv.push_back(each.get<std::string>());
    }
  }
  for (const auto& [name, value] : texts_in(object, "env")) out.environment.push_back(name + "=" + value);
  out.headers = texts_in(object, "headers");
  if (text_in(object, "command").empty() == out.url.empty()) fail("it needs either a command or a url");
  return out;
}

/// The words of a command line; quotes keep blanks, and nothing else is special.
std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> out;
  std::string word;
  bool inside = false;
  char quote = '\0';
  for (const char c : line) {
    if (quote != '\0' ? c == quote : (c == '\'' || c == '"')) {
      quote = quote != '\0' ? '\0' : c;
      inside = true;
    } else if (quote == '\0' && (c == ' ' || c == '\t' || c == '\n')) {
      if (inside) out.push_back(std::exchange(word, {}));
      inside = false;
    } else {
      word += c;
      inside = true;
    }
  }
  if (quote != '\0') fail(fmt::format("a quote {} is not closed", quote));
  if (inside) out.push_back(word);
  return out;
}

}  // namespace

ServerSpec parse_server(std::string_view text) {
  text = trim(text);
  if (text.starts_with('{')) {
    const auto parsed = parse_json(text);
    if (!parsed) fail(parsed.error());
    return from_object(*parsed);
  }
  ServerSpec out;
  if (text.starts_with("http://") || text.starts_with("https://"))
    out.url = std::string(text);
  else
    out.argv = words_of(text);
  if (out.url.empty() && out.argv.empty()) fail("it is empty");
  return out;
}

}  // namespace ipw::tools::mcp
