// SPDX-License-Identifier: Apache-2.0
// Where an agent's task runs, with its model at the same address as everywhere.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>

#include "ipw/agents/meter_proxy.h"
#include "ipw/datasets/dataset.h"
#include "ipw/execution/config.h"
#include "ipw/sandbox/workplace.h"

namespace ipw::execution {

/// Try what the first task will need, so that what is missing is said before any task begins: a place as the
/// run's configuration wants it, opened and closed again, or for a task that brings a container the engine
/// alone. Throws Error. Removes what killed runs have left in the engine.
void check_task_place(const AgentChoice& agent, const datasets::Question& first,
                      const std::stop_token& stop = {});

/// The place of one task. Everything in it ends when this goes; its folder stays.
class TaskPlace {
 public:
  /// Throws Error.
  TaskPlace(const AgentChoice& agent, const std::filesystem::path& workspace);
  sandbox::Workplace& place() { return *place_; }

 private:
  std::unique_ptr<sandbox::Workplace> place_;
};

/// The proxy at its own port inside a place without this machine's network.
class ModelDoor {
 public:
  /// Throws Error(Unavailable).
  ModelDoor(sandbox::Workplace& place, agents::MeterProxy& proxy);
  ~ModelDoor();
  ModelDoor(const ModelDoor&) = delete;
  ModelDoor& operator=(const ModelDoor&) = delete;

 private:
  agents::MeterProxy& proxy_;
  std::optional<int> token_;
};

}  // namespace ipw::execution
