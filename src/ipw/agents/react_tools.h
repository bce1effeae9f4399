// SPDX-License-Identifier: Apache-2.0
// The tools of an agent, and the calls that one task makes of them.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ipw/agents/agent.h"
#include "ipw/agents/react_settings.h"
#include "ipw/agents/react_turn.h"
#include "ipw/tools/tool.h"
#include "ipw/tools/tools.h"

namespace ipw::agents {

/// Immutable once filled, so thread-safe.
class Toolbox {
 public:
  /// Throws Error where a tool is unknown, twice there or cannot work.
  Toolbox(const std::vector<ToolChoice>& choices, const tools::ToolOptions& common);
  /// Add tools of elsewhere; a name that is taken gets `owner` and '_' in front.
  void add(tools::ToolSet tools, const std::string& owner);

  const tools::Tool* find(const std::string& name) const;
  bool empty() const { return tools_.empty(); }
  /// The field `tools` of a chat completion: a JSON array.
  std::string schemas_json() const;
  /// One line for each tool with its schema, for prompts.
  std::string manual() const;
  std::string names() const;

 private:
  std::vector<std::pair<std::string, std::unique_ptr<tools::Tool>>> tools_;  ///< by the name the model sees
};

/// What a task's calls came to.
struct ToolCounts {
  int attempted = 0, succeeded = 0;
  int unparsable = 0;  ///< arguments that are no JSON object, replies that keep to no protocol (defect A13)
  int unknown = 0;     ///< of tools that are not there
  int repeated = 0;    ///< the third and later of the same call in a row
};

/// Runs the calls of one task. One thread at a time.
class ToolRunner {
 public:
  ToolRunner(const Toolbox& tools, ToolWatch& watch, const ReactSettings& settings)
      : tools_(tools), watch_(watch), settings_(settings) {}
  /// Run a call and tell of it: each begin has an end. `left`: of the task's time.
  Observation run(ToolCall call, sandbox::Workplace* place, Seconds left, const std::stop_token& stop);
  ToolCounts counts;
  /// JSON object text: for each tool its calls and those that did their work.
  std::string by_tool_json() const;
  /// JSON array text: what other models took that tools have asked.
  std::string sub_models_json() const;

 private:
  tools::ToolResult execute(const ToolCall& call, const tools::ToolContext& context);
  void note(const ToolCall& call, const tools::ToolResult& result);
  int in_a_row(const ToolCall& call);

  const Toolbox& tools_;
  ToolWatch& watch_;
  const ReactSettings& settings_;
  std::map<std::string, std::pair<int, int>> by_tool_;  ///< attempted, succeeded
  std::vector<std::string> usages_;
  std::string last_call_;
  int same_calls_ = 0;
};

}  // namespace ipw::agents
