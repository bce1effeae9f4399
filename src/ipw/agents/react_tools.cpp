// SPDX-License-Identifier: Apache-2.0
#include "ipw/agents/react_tools.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/base/text.h"
#include "ipw/tools/shorten.h"

namespace ipw::agents {
namespace {

constexpr int kRepeatsTold = 3;

/// The one argument that a tool needs, where it is a text: what a model that writes no JSON must mean.
std::string only_text_argument(const tools::ToolSpec& spec) {
  const auto schema = parse_json(spec.parameters_json);
  if (!schema || !schema->is_object()) return {};
  const Json required = schema->value("required", Json::array());
  if (!required.is_array() || required.size() != 1 || !required[0].is_string()) return {};
  const auto name = required[0].get<std::string>();
  const Json properties = schema->value("properties", Json::object());
  if (!properties.is_object() || !properties.contains(name)) return {};
  const Json& property = properties.at(name);
  const bool text = property.is_object() && property.contains("type") && property.at("type") == "string";
  return text ? name : std::string();
}

bool is_object(const std::string& text) {
  const auto json = parse_json(text);
  return json && json->is_object();
}

}  // namespace

Toolbox::Toolbox(const std::vector<ToolChoice>& choices, const tools::ToolOptions& common) {
  for (const auto& choice : choices) {
    auto options = common;
    options.options_json = choice.options_json;
    auto tool = tools::make_tool(choice.name, options);
    auto name = tool->spec().name;
    if (find(name) != nullptr)
      throw Error(ErrorCode::Usage, fmt::format("agent react: the tool '{}' is there twice", name),
                  "name each tool once");
    tools_.emplace_back(std::move(name), std::move(tool));
  }
}

void Toolbox::add(tools::ToolSet tools, const std::string& owner) {
  for (auto& tool : tools) {
    auto name = tool->spec().name;
    if (find(name) != nullptr) name = fmt::format("{}_{}", owner, name);
    for (int i = 2; find(name) != nullptr; ++i) name = fmt::format("{}_{}_{}", owner, tool->spec().name, i);
    tools_.emplace_back(std::move(name), std::move(tool));
  }
}

const tools::Tool* Toolbox::find(const std::string& name) const {
  const auto it = std::ranges::find(tools_, name, [](const auto& row) { return row.first; });
  return it == tools_.end() ? nullptr : it->second.get();
}

std::string Toolbox::schemas_json() const {
  Json out = Json::array();
  for (const auto& [name, tool] : tools_)
    out.push_back({{"type", "function"},
                   {"function",
                    {{"name", name},
                     {"description", tool->spec().description},
                     {"parameters", parse_json(tool->spec().parameters_json).value_or(Json::object())}}}});
  return dump_json(out);
}

std::string Toolbox::manual() const {
  std::string out;
  for (const auto& [name, tool] : tools_)
    out += fmt::format("- {}: {} INPUT schema: {}\n", name, tool->spec().description,
                       tool->spec().parameters_json);
  return out;
}

std::string Toolbox::names() const {
  std::vector<std::string> out;
  for (const auto& [name, tool] : tools_) out.push_back(name);
  return out.empty() ? "none" : join(out, ", ");
}

int ToolRunner::in_a_row(const ToolCall& call) {
  auto key = fmt::format("{}\n{}", call.name, call.arguments);
  same_calls_ = key == last_call_ ? same_calls_ + 1 : 1;
  last_call_ = std::move(key);
  return same_calls_;
}

tools::ToolResult ToolRunner::execute(const ToolCall& call, const tools::ToolContext& context) {
  tools::ToolResult result;
  result.failed = true;
  const auto* tool = tools_.find(call.name);
  if (tool == nullptr) {
    ++counts.unknown;
    result.text = fmt::format("There is no tool '{}'. There are: {}", call.name, tools_.names());
    return result;
  }
  if (trim(call.arguments).empty() || is_object(call.arguments)) return tool->call(call.arguments, context);
  if (settings_.text_protocol)
    if (const auto name = only_text_argument(tool->spec()); !name.empty())
      return tool->call(dump_json({{name, call.arguments}}), context);
  ++counts.unparsable;
  result.text = fmt::format("The arguments of {} are no JSON object. The schema is {}", call.name,
                            tool->spec().parameters_json);
  return result;
}

void ToolRunner::note(const ToolCall& call, const tools::ToolResult& result) {
  auto& [attempted, succeeded] = by_tool_[call.name];
  ++attempted;
  ++counts.attempted;
  if (!result.usage_json.empty()) usages_.push_back(result.usage_json);
  if (result.failed) return;
  ++succeeded;
  ++counts.succeeded;
}

Observation ToolRunner::run(ToolCall call, sandbox::Workplace* place, Seconds left,
                            const std::stop_token& stop) {
  tools::ToolContext context;
  context.place = place;
  context.wall = std::min(settings_.tool_timeout, left);
  context.stop = stop;
  const bool json = is_object(call.arguments);
  const auto span =
      watch_.begin(call.name, json ? call.arguments : dump_json(Json(to_valid_utf8(call.arguments))));
  const auto sub_models = watch_.sub_models(span);
  context.sub_models = sub_models.get();
  const auto result = execute(call, context);
  watch_.end(span, tools::shorten_middle(result.text, settings_.max_observation),
             result.failed ? tools::shorten_middle(result.text, 500) : std::string());
  note(call, result);
  Observation out{std::move(call), tools::shorten_middle(result.text, settings_.max_observation),
                  result.failed};
  if (const int times = in_a_row(out.call); times >= kRepeatsTold) {
    ++counts.repeated;
    out.text += fmt::format(
        "\n[You have made this same call {} times in a row. Do something else, or give your final answer.]",
        times);
  }
  return out;
}

std::string ToolRunner::by_tool_json() const {
  Json out = Json::object();
  for (const auto& [name, calls] : by_tool_)
    out[name] = {{"attempted", calls.first}, {"succeeded", calls.second}};
  return dump_json(out);
}

std::string ToolRunner::sub_models_json() const {
  return fmt::format("[{}]", join(usages_, ", "));
}

}  // namespace ipw::agents
