// SPDX-License-Identifier: Apache-2.0
#include "ipw/agents/react_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/base/text.h"

namespace ipw::agents {
namespace {

constexpr std::array<std::string_view, 13> kKnown = {
    "extra_body", "instructions",  "max_observation", "max_retries", "max_tokens",  "mcp_servers",
    "mcp_tools",  "model_timeout", "protocol",        "sub_models",  "temperature", "tool_timeout",
    "tools"};

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorCode::Usage, "agent react: " + what,
              R"(--agent-kwargs '{"tools": ["calculator", {"name": "search_bm25", "path": "docs"}]}'; )"
              "see docs/reference/agents/react.md");
}

/// What the Python suite gives its agents on these benchmarks.
std::vector<ToolChoice> default_tools(std::string_view dataset) {
  constexpr std::array<std::string_view, 5> kResearch = {"browsecomp", "deepresearchbench", "frames", "gaia",
                                                         "liveresearchbench"};
  constexpr std::array<std::string_view, 3> kCoding = {"livecodebench", "swebench", "swefficiency"};
  std::vector<std::string_view> names;
  if (std::ranges::find(kResearch, dataset) != kResearch.end())
    names = {"think", "web_search", "file_read", "code_interpreter", "calculator", "bash"};
  else if (std::ranges::find(kCoding, dataset) != kCoding.end() || dataset.starts_with("terminalbench"))
    names = {"think", "file_read", "file_write", "code_interpreter", "bash"};
  std::vector<ToolChoice> out;
  for (const auto name : names) out.push_back({std::string(name), "{}"});
  return out;
}

/// All but the tool's name is for the tool.
ToolChoice choice_of(const Json& row) {
  if (row.is_string()) return {row.get<std::string>(), "{}"};
  if (!row.is_object()) fail("a tool is a name, or an object with a name and the tool's options");
  ToolChoice out;
  Json options = Json::object();
  for (const auto& [key, value] : row.items()) {
    if (key != "name" && key != "type")
      options[key] = value;
    else if (!value.is_string())
      fail(fmt::format("'{}' of a tool is no text", key));
    else if (out.name.empty() || key == "name")
      out.name = value.get<std::string>();
  }
  if (out.name.empty()) fail("a tool in 'tools' has no name");
  out.options_json = dump_json(options);
  return out;
}

std::vector<ToolChoice> read_tools(const Json& given, const std::string& dataset) {
  if (given.is_null() || given == true || given == "auto") return default_tools(dataset);
  if (given == false) return {};
  std::vector<ToolChoice> out;
  if (given.is_array()) {
    for (const auto& row : given) out.push_back(choice_of(row));
  } else if (given.is_object()) {
    for (const auto& [name, options] : given.items()) {
      if (options == false) continue;
      const bool bare = options.is_null() || options == true;
      if (!bare && !options.is_object())
        fail(fmt::format("the options of the tool '{}' are no object", name));
      out.push_back({name, bare ? "{}" : dump_json(options)});
    }
  } else {
    fail("'tools' is a list, an object or \"auto\"");
  }
  return out;
}

/// Further models for the tool ask_model, which is added where it was not asked for.
void add_sub_models(const Json& models, std::vector<ToolChoice>& tools) {
  if (models.is_null()) return;
  if (!models.is_array()) fail("'sub_models' is a list of models as ask_model takes them");
  if (models.empty()) return;
  auto it = std::ranges::find(tools, "ask_model", &ToolChoice::name);
  if (it == tools.end()) it = tools.insert(it, {"ask_model", "{}"});
  Json options = Json::parse(it->options_json);
  Json& all = options["models"];
  if (all.is_null()) all = Json::array();
  if (!all.is_array()) fail("'models' of the tool ask_model is no list");
  all.insert(all.end(), models.begin(), models.end());
  it->options_json = dump_json(options);
}

const Json* member(const Json& kwargs, const char* key) {
  const auto it = kwargs.find(key);
  return it == kwargs.end() || it->is_null() ? nullptr : &*it;
}

std::optional<double> number(const Json& kwargs, const char* key, double least) {
  const Json* value = member(kwargs, key);
  if (value == nullptr) return {};
  if (!value->is_number() || !(value->get<double>() >= least) || value->get<double>() > 1e9)
    fail(fmt::format("'{}' is a number of at least {}", key, least));
  return value->get<double>();
}

std::optional<int> whole(const Json& kwargs, const char* key, int least) {
  const auto value = number(kwargs, key, least);
  if (value && !kwargs.at(key).is_number_integer()) fail(fmt::format("'{}' is a whole number", key));
  if (!value) return {};
  return static_cast<int>(*value);
}

std::string object(const Json& kwargs, const char* key) {
  const Json* value = member(kwargs, key);
  if (value == nullptr) return "{}";
  if (!value->is_object()) fail(fmt::format("'{}' is no object", key));
  return dump_json(*value);
}

void check_keys(const Json& kwargs) {
  for (const auto& [key, value] : kwargs.items())
    if (key == "max_turns")
      fail("the turns are limited by --max-turns");
    else if (std::ranges::find(kKnown, key) == kKnown.end())
      fail(fmt::format("unknown argument '{}'; it knows {}", key, fmt::join(kKnown, ", ")));
  if (kwargs.contains("tools") && kwargs.contains("mcp_tools"))
    fail("'tools' and 'mcp_tools' are two names of the same: give one");
}

void read_numbers(const Json& kwargs, ReactSettings& out) {
  if (kwargs.contains("temperature")) out.temperature = number(kwargs, "temperature", 0);
  out.max_tokens = whole(kwargs, "max_tokens", 1);
  out.tool_timeout = Seconds(number(kwargs, "tool_timeout", 0.001).value_or(out.tool_timeout.count()));
  out.model_timeout = Seconds(number(kwargs, "model_timeout", 0.001).value_or(out.model_timeout.count()));
  out.max_retries = whole(kwargs, "max_retries", 0).value_or(out.max_retries);
  out.max_observation = static_cast<std::size_t>(
      whole(kwargs, "max_observation", 100).value_or(static_cast<int>(out.max_observation)));
}

}  // namespace

ReactSettings read_react_settings(const std::string& kwargs_json, const std::string& dataset) {
  const auto parsed = parse_json(kwargs_json);
  if (!parsed || !parsed->is_object()) fail("the arguments are no JSON object");
  const Json& kwargs = *parsed;
  check_keys(kwargs);
  ReactSettings out;
  if (const Json* protocol = member(kwargs, "protocol")) {
    if (*protocol != "native" && *protocol != "text") fail("'protocol' is native or text");
    out.text_protocol = *protocol == "text";
  }
  if (const Json* text = member(kwargs, "instructions")) {
    if (!text->is_string()) fail("'instructions' is no text");
    out.instructions = text->get<std::string>();
  }
  read_numbers(kwargs, out);
  const char* key = kwargs.contains("mcp_tools") ? "mcp_tools" : "tools";
  out.tools = read_tools(kwargs.value(key, Json()), dataset);
  add_sub_models(kwargs.value("sub_models", Json()), out.tools);
  out.mcp_servers_json = object(kwargs, "mcp_servers");
  out.extra_json = object(kwargs, "extra_body");
  return out;
}

}  // namespace ipw::agents
