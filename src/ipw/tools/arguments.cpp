// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/text.h"

namespace ipw::tools {
namespace {

constexpr std::size_t kMostArguments = std::size_t{4} << 20;

std::string_view type_name(ArgumentType type) {
  switch (type) {
    case ArgumentType::Text:
      return "string";
    case ArgumentType::Integer:
      return "integer";
    case ArgumentType::Number:
      return "number";
    case ArgumentType::Flag:
      return "boolean";
    case ArgumentType::List:
      return "array";
    case ArgumentType::Object:
      break;
  }
  return "object";
}

/// 5.0 counts as an integer: models write numbers as they like.
bool is_whole(const Json& value) {
  if (value.is_number_integer()) return true;
  if (!value.is_number()) return false;
  const double number = value.get<double>();
  return std::trunc(number) == number && std::abs(number) < 1e15;
}

bool fits(const Json& value, ArgumentType type) {
  switch (type) {
    case ArgumentType::Text:
      return value.is_string();
    case ArgumentType::Integer:
      return is_whole(value);
    case ArgumentType::Number:
      return value.is_number();
    case ArgumentType::Flag:
      return value.is_boolean();
    case ArgumentType::List:
      return value.is_array();
    case ArgumentType::Object:
      break;
  }
  return value.is_object();
}

std::string expected(std::span<const Argument> arguments) {
  std::vector<std::string> parts;
  for (const auto& a : arguments)
    parts.push_back(fmt::format("\"{}\": {}{}", a.name, type_name(a.type), a.required ? "" : " (optional)"));
  return fmt::format("{{{}}}", join(parts, ", "));
}

/// The first thing that is wrong, or nothing.
std::string problem_of(const Json& given, std::span<const Argument> arguments) {
  for (const auto& [key, value] : given.items()) {
    const auto known = std::ranges::find(arguments, key, &Argument::name);
    if (known == arguments.end()) return fmt::format("there is no argument '{}'", key);
    if (!value.is_null() && !fits(value, known->type))
      return fmt::format("'{}' must be of type {}, not {}", key, type_name(known->type), value.type_name());
  }
  for (const auto& a : arguments)
    if (a.required && (!given.contains(a.name) || given.at(std::string(a.name)).is_null()))
      return fmt::format("'{}' is missing", a.name);
  return {};
}

}  // namespace

std::string schema_of(std::span<const Argument> arguments) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const auto& a : arguments) {
    properties[std::string(a.name)] = {{"type", type_name(a.type)}, {"description", a.about}};
    if (a.required) required.push_back(a.name);
  }
  return dump_json({{"type", "object"},
                    {"properties", std::move(properties)},
                    {"required", std::move(required)},
                    {"additionalProperties", false}});
}

Result<Json, std::string> read_arguments(std::string_view tool, std::string_view text,
                                         std::span<const Argument> arguments) {
  const auto advice = [&](std::string_view what) {
    return Unexpected<std::string>(fmt::format("{}: {}; send {}", tool, what, expected(arguments)));
  };
  if (text.size() > kMostArguments) return advice("the arguments are larger than 4 MiB");
  auto parsed = trim(text).empty() ? Result<Json, std::string>(Json::object()) : parse_json(text);
  if (!parsed) return advice(fmt::format("the arguments are no JSON ({})", parsed.error()));
  if (!parsed->is_object()) return advice("the arguments are no JSON object");
  if (const auto problem = problem_of(*parsed, arguments); !problem.empty()) return advice(problem);
  Json out = Json::object();
  for (const auto& [key, value] : parsed->items())
    if (!value.is_null()) out[key] = value;
  return out;
}

Json read_options(std::string_view tool, std::string_view text, std::span<const Argument> arguments) {
  auto options = read_arguments(tool, text, arguments);
  if (!options)
    throw Error(ErrorCode::Usage, "options of the tool " + options.error(),
                fmt::format("see docs/reference/tools/{}.md", tool));
  return std::move(*options);
}

ToolResult failed(std::string text) {
  ToolResult out;
  out.text = std::move(text);
  out.failed = true;
  return out;
}

CheckedTool::CheckedTool(std::string_view name, std::string_view description,
                         std::span<const Argument> arguments)
    : arguments_(arguments), spec_{std::string(name), std::string(description), schema_of(arguments)} {}

ToolResult CheckedTool::call(const std::string& arguments, const ToolContext& context) const {
  const auto given = read_arguments(spec_.name, arguments, arguments_);
  if (!given) return failed(given.error());
  try {
    return work(*given, context);
  } catch (const Error& error) {
    return failed(error.hint().empty() ? std::string(error.what())
                                       : fmt::format("{} ({})", error.what(), error.hint()));
  } catch (const std::exception& error) {
    return failed(fmt::format("{} failed: {}", spec_.name, error.what()));
  }
}

}  // namespace ipw::tools
