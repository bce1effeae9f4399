// SPDX-License-Identifier: Apache-2.0
// Commands in a container that runs.
#pragma once
#include <sys/types.h>

#include <string>

#include "ipw/sandbox/engine_api.h"
#include "ipw/sandbox/workplace.h"

namespace ipw::sandbox {

struct ContainerState {
  bool running = false;
  pid_t process = 0;  ///< its first one, as the engine's machine counts
};

/// Engines cannot end a command. What one has started is known by a variable of its environment, found from
/// this machine where we may look, else by a shell inside; where both fail the container is ended.
/// Thread-safe.
class ContainerExec {
 public:
  ContainerExec(const EngineApi& api, const std::string& container) : api_(api), container_(container) {}

  /// Run it with standard input from a file of the container, which is removed; empty: none. Throws Error.
  void run(const Command& command, const std::string& input_file, CommandEnd& end) const;
  ContainerState state() const;
  /// Throws Error(Unavailable) where the container has ended.
  void must_run() const;

 private:
  struct Watch;
  struct ExecState {
    bool running = false;
    int exit_status = 0;
  };

  std::string create(const Command& command, const std::string& input_file, const std::string& mark) const;
  void collect(const std::string& exec, const Command& command, CommandEnd& end) const;
  ExecState inspect(const std::string& exec) const;
  ExecState ended(const std::string& exec, Seconds within) const;
  void kill(const std::string& exec, const std::string& mark) const;
  void kill_from_inside(const std::string& mark) const;

  const EngineApi& api_;
  const std::string container_;
};

}  // namespace ipw::sandbox
