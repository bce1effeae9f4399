// SPDX-License-Identifier: Apache-2.0
// An agent solves a task with a model and tools. The model is behind the metering proxy, whoever the agent
// is.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "ipw/base/clock.h"
#include "ipw/base/registry.h"
#include "ipw/clients/client.h"
#include "ipw/sandbox/workplace.h"
#include "ipw/tools/tool.h"

namespace ipw::agents {

struct Task {
  std::string id, prompt;
  std::filesystem::path workspace;  ///< a folder of its own, empty at the start; hostile once agents had it
  /// Where commands run; its folder() is the workspace as they see it.
  sandbox::Workplace* place = nullptr;
  bool judged_there = false;  ///< tests follow in the place, so what the agent has started goes on (S15)
};

/// Where the task's model is asked: a key of its own at the proxy.
struct ModelAccess {
  std::string base_url;  ///< ends in /v1
  std::string key, model;
};

/// What ends a task.
struct Limits {
  Seconds wall{3600};
  int turns = 20;  ///< calls of the model; the proxy refuses more
};

/// Hear of the tools that an agent runs. Thread-safe.
class ToolWatch {
 public:
  virtual ~ToolWatch() = default;
  /// `arguments`: JSON text. Gives the number for end().
  virtual std::int64_t begin(const std::string& tool, const std::string& arguments) = 0;
  /// `result`: what the model is told. `trouble`: empty where the tool did its work.
  virtual void end(std::int64_t call, const std::string& result, const std::string& trouble) = 0;
  /// For the models that the tool asks during this call, until its end(). Null where nobody counts them.
  virtual std::unique_ptr<tools::SubModelWatch> sub_models(std::int64_t) { return nullptr; }
};

/// How a task ended. `failure` kinds: timeout, cancelled, agent, sandbox.
struct TaskEnd {
  std::string answer;
  std::string stop_reason;  ///< answered, turns, timeout, ...
  std::optional<clients::Failure> failure;
  std::string metadata_json = "{}";  ///< exit status and the like
};

/// Solve tasks; one agent serves all tasks of a run, so it keeps nothing of one (defect A12). Thread-safe.
class Agent {
 public:
  virtual ~Agent() = default;
  /// Never throws for what models, tools and programs do.
  virtual TaskEnd run(const Task& task, const ModelAccess& model, ToolWatch& tools,
                      std::stop_token stop) const = 0;
};

struct AgentOptions {
  std::string kwargs_json = "{}";  ///< --agent-kwargs: a JSON object
  Limits limits;
  std::string sandbox;  ///< where what models write may run; "none" is this machine, with all that is on it
  std::string dataset = {};                           ///< its id, where tools have defaults by benchmark
  Clock* clock = nullptr;                             ///< null: the machine's; outlives the agent
  std::stop_token stop = {};                          ///< ends what takes long in making it
  std::function<void(const std::string&)> tell = {};  ///< hears how far that is; may be empty
};

/// The clock of the options, or the machine's.
Clock& clock_of(const AgentOptions& options);

using AgentEntry = Entry<Agent, const AgentOptions&>;
/// The registry: agents.cpp. A factory throws Error(Usage) for arguments that it does not know.
std::span<const AgentEntry> agents();

}  // namespace ipw::agents
