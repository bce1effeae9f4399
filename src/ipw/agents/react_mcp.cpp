// SPDX-License-Identifier: Apache-2.0
#include "ipw/agents/react_mcp.h"

#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/tools/mcp_client.h"

namespace ipw::agents {
namespace {

std::string filled(const std::string& text, const std::string& server) {
  std::string out;
  std::size_t at = 0;
  while (true) {
    const auto begin = text.find("${", at);
    const auto end = begin == std::string::npos ? begin : text.find('}', begin);
    if (end == std::string::npos) return out + text.substr(at);
    const auto name = text.substr(begin + 2, end - begin - 2);
    const char* value = std::getenv(name.c_str());
    if (value == nullptr)
      throw Error(ErrorCode::Usage,
                  fmt::format("the MCP server '{}' wants {}, which is not set", server, name),
                  fmt::format("set {} in the environment", name));
    out += text.substr(at, begin - at) + value;
    at = end + 1;
  }
}

/// All texts in it, however deep.
void fill(Json& value, const std::string& server) {
  if (value.is_string())
    value = filled(value.get<std::string>(), server);
  else if (value.is_structured())
    for (auto& part : value) fill(part, server);
}

}  // namespace

void add_mcp_servers(Toolbox& tools, const std::string& servers_json, const std::stop_token& stop) {
  const Json servers = *parse_json(servers_json);
  for (const auto& [name, row] : servers.items()) {
    Json described = row;
    fill(described, name);
    try {
      auto spec = tools::mcp::parse_server(described.is_string() ? described.get<std::string>()
                                                                 : dump_json(described));
      spec.name = name;
      tools.add(tools::mcp::connect(spec, stop)->tools(), name);
    } catch (Error& error) {
      throw error.with_context(fmt::format("connecting to the MCP server '{}'", name));
    }
  }
}

}  // namespace ipw::agents
