// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/mcp_listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/base/log.h"
#include "ipw/base/text.h"
#include "ipw/tools/mcp_message.h"

namespace ipw::tools::mcp {
namespace {

constexpr std::size_t kMostName = 64;
constexpr std::size_t kMostDepth = 32;  ///< of properties with a header

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorCode::Format, "the server's list of tools is wrong: " + what,
              "its author can mend it; other tools of it cannot be used until then");
}

bool is_token(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";  // RFC 9110 5.6.2
  return !text.empty() && std::ranges::all_of(text, [&](unsigned char c) {
    return (c < 128 && std::isalnum(c) != 0) || kOthers.find(static_cast<char>(c)) != kOthers.npos;
  });
}

/// Why the annotations of a schema's properties are wrong; empty when they are not.
std::string find_headers(const Json& schema, const std::string& pointer, ListedTool& tool,
                         std::set<std::string>& seen, std::size_t depth = 0) {
  const auto properties = schema.is_object() ? schema.find("properties") : schema.end();
  if (!schema.is_object() || properties == schema.end() || !properties->is_object() || depth > kMostDepth)
    return "";
  for (const auto& [key, property] : properties->items()) {
    const auto place = pointer + "/" + replace_all(replace_all(key, "~", "~0"), "/", "~1");
    if (auto wrong = find_headers(property, place, tool, seen, depth + 1); !wrong.empty()) return wrong;
    if (!property.is_object() || !property.contains("x-mcp-header")) continue;
    const auto name = text_at(property, "x-mcp-header"), type = text_at(property, "type");
    if (!is_token(name)) return fmt::format("the header of '{}' has no right name", key);
    if (type != "string" && type != "integer" && type != "boolean")
      return fmt::format("'{}' has a header, but is no text, whole number or boolean", key);
    if (!seen.insert(to_lower_ascii(name)).second)
      return fmt::format("two properties have the header '{}'", name);
    tool.headers.emplace_back(place, name);
  }
  return "";
}

ListedTool parse_tool(const Json& item) {
  ListedTool tool;
  if (!item.is_object()) fail("a tool is no object");
  tool.name = text_at(item, "name");
  if (tool.name.empty()) fail("a tool has no name");
  const auto schema = item.find("inputSchema");
  if (schema == item.end() || !schema->is_object() ||
      (schema->contains("type") && (*schema)["type"] != "object"))
    fail(fmt::format("the inputSchema of '{}' is no schema of an object", tool.name));
  auto parameters = *schema;
  if (!parameters.contains("type")) parameters["type"] = "object";
  tool.spec.description = text_at(item, "description");
  if (tool.spec.description.empty()) tool.spec.description = text_at(item, "title");
  tool.spec.parameters_json = dump_json(parameters);
  const auto hints = item.find("annotations");
  const auto says = [&](const char* hint) { return hints->contains(hint) && (*hints)[hint] == true; };
  if (hints != item.end() && hints->is_object())
    tool.repeatable = says("readOnlyHint") || says("idempotentHint");
  return tool;
}

std::string plain_name(std::string_view name) {
  std::string out;
  for (const char c : name.substr(0, kMostName)) {
    const auto u = static_cast<unsigned char>(c);
    out += (u < 128 && std::isalnum(u) != 0) || c == '_' || c == '-' ? c : '_';
  }
  return out;
}

std::string note_of(const Json& block, std::string_view what) {
  const auto type = text_at(block, "mimeType");
  const auto bytes =
      (block.contains("data") ? text_at(block, "data") : text_at(block, "blob")).size() / 4 * 3;
  return fmt::format("[{}{}{}: not shown]", what, type.empty() ? "" : ", " + type,
                     bytes == 0 ? "" : fmt::format(", {} bytes", bytes));
}

std::string text_of_block(const Json& block) {
  const auto type = text_at(block, "type");
  if (type == "text") return text_at(block, "text");
  if (type == "image" || type == "audio") return note_of(block, type);
  if (type == "resource_link")
    return fmt::format("[link: {} {}]", text_at(block, "name"), text_at(block, "uri"));
  const auto resource = type == "resource" ? block.find("resource") : block.end();
  if (type == "resource" && resource != block.end() && resource->is_object())
    return resource->contains("text") ? text_at(*resource, "text")
                                      : note_of(*resource, "resource " + text_at(*resource, "uri"));
  return "[content of an unknown kind: not shown]";
}

void cut(std::string& text, std::size_t most) {
  if (text.size() <= most) return;
  const auto all = text.size();
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;  // whole characters
  text.resize(most);
  text += fmt::format("\n[cut: {} of {} bytes are shown]", most, all);
}

}  // namespace

ToolPage parse_tools(std::string_view result, bool http) {
  const auto parsed = parse_json(result);
  const auto tools = parsed && parsed->is_object() ? parsed->find("tools") : Json::const_iterator();
  if (!parsed || !parsed->is_object() || tools == parsed->end() || !tools->is_array())
    fail("it has no array 'tools'");
  ToolPage page;
  for (const auto& item : *tools) {
    auto tool = parse_tool(item);
    std::set<std::string> seen;
    const auto wrong = http ? find_headers(item["inputSchema"], "", tool, seen) : "";
    if (wrong.empty())
      page.tools.push_back(std::move(tool));
    else
      log::warning("MCP: the tool '{}' is left out: {}", tool.name, wrong);
  }
  const auto cursor = parsed->find("nextCursor");
  if (cursor != parsed->end() && cursor->is_string()) page.cursor = dump_json(*cursor);
  return page;
}

void make_names(std::vector<ListedTool>& tools) {
  std::set<std::string> own, plain;
  for (auto& tool : tools) {
    if (!own.insert(tool.name).second) fail(fmt::format("two tools are named '{}'", tool.name));
    const auto name = plain_name(tool.name);
    tool.spec.name = name;
    for (int i = 2; !plain.insert(tool.spec.name).second; ++i)
      tool.spec.name = name.substr(0, kMostName - 6) + "_" + std::to_string(i);
  }
}

http::Headers headers_of(const ListedTool& tool, std::string_view arguments) {
  http::Headers out;
  const auto parsed = parse_json(arguments);
  if (!parsed) return out;
  for (const auto& [pointer, name] : tool.headers) {
    const Json::json_pointer place(pointer);
    if (!parsed->contains(place)) continue;
    const auto& value = (*parsed)[place];
    if (value.is_string())
      out.emplace_back("Mcp-Param-" + name, header_value(value.get_ref<const std::string&>()));
    else if (value.is_boolean() || value.is_number_integer())
      out.emplace_back("Mcp-Param-" + name, dump_json(value));
  }
  return out;
}

ToolResult read_result(std::string_view result, std::size_t most) {
  const auto parsed = parse_json(result);
  if (!parsed || !parsed->is_object()) return {"the server's result is no object", true};
  const auto kind = text_at(*parsed, "resultType");
  if (kind == "input_required")
    return {"the server asks for input from a person or a model, which nobody can give here", true};
  const auto content = parsed->find("content");
  const auto structured = parsed->find("structuredContent");
  if (content == parsed->end() ? structured == parsed->end() : !content->is_array())
    return {"the server's result has no content", true};
  ToolResult out;
  if (content != parsed->end())
    for (const auto& block : *content) out.text += (out.text.empty() ? "" : "\n") + text_of_block(block);
  // A server that gives both says the same twice.
  if (out.text.empty() && structured != parsed->end()) out.text = dump_json(*structured);
  const auto failed = parsed->find("isError");
  out.failed = failed != parsed->end() && *failed == true;
  out.text = to_valid_utf8(out.text);
  cut(out.text, most);
  return out;
}

}  // namespace ipw::tools::mcp
