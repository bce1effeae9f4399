// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ipw/agents/agent.h"
#include "ipw/tools/tool.h"

namespace ipw::agents {

/// A tool as the user asked for it.
struct ToolChoice {
  std::string name;
  std::string options_json = "{}";
};

struct ReactSettings {
  bool text_protocol = false;
  std::string instructions;
  std::vector<ToolChoice> tools;
  std::string mcp_servers_json = "{}";
  std::optional<double> temperature = 0;  ///< absent: the server's own
  std::optional<int> max_tokens;
  Seconds tool_timeout{120};
  Seconds model_timeout{600};
  int max_retries = 3;
  std::size_t max_observation = 20000;  ///< characters
  std::string extra_json = "{}";        ///< further fields of each request
};

/// Read --agent-kwargs (docs/reference/agents/react.md). Tools that are not named are those of the dataset.
/// Throws Error(Usage).
ReactSettings read_react_settings(const std::string& kwargs_json, const std::string& dataset);

}  // namespace ipw::agents
