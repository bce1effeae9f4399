// SPDX-License-Identifier: Apache-2.0
// Where a task's commands run, from its first to its last: files, processes and limits stay between them.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ipw/base/clock.h"

namespace ipw::sandbox {

struct Command {
  std::vector<std::string> argv;
  std::string input;                               ///< standard input
  std::map<std::string, std::string> environment;  ///< besides what the place has
  std::string folder;                              ///< it starts in; empty: the place's own
  Seconds wall{60};
  std::size_t most_output = std::size_t{1} << 20;  ///< bytes of a stream; more ends it
  std::stop_token stop;
  std::string user;  ///< empty: the place's; containers only
};

/// How it ended. `error`: the place itself failed, which says nothing about the command.
struct CommandEnd {
  std::optional<int> exit_status;  ///< absent when a limit ended it
  std::string output, errors;      ///< the first `most_output` bytes of each
  std::string limit;               ///< "wall", "output" or "stopped" when that ended it
  std::string error;
};

/// Thread-safe. Everything in it ends when it goes, what commands have left in the background too.
class Workplace {
 public:
  virtual ~Workplace() = default;
  /// Run a command to its end; at a limit it is killed with all it has started. Never throws for what it
  /// does.
  virtual CommandEnd run(const Command& command) = 0;
  /// The working folder, as commands see it.
  virtual std::string folder() const = 0;
  /// A listening socket at 127.0.0.1:PORT of the place's own network, to be closed by the caller: how a place
  /// without a network still reaches the proxy of its model, at the same address as everybody else. Absent
  /// where the place shares the network of this machine. Throws Error(Unavailable).
  virtual std::optional<int> listen(int port) = 0;
  /// Bytes on disk that the task's files take, counted until they are more than `most`; absent where the
  /// place keeps no account. Throws Error.
  virtual std::optional<std::uint64_t> disk_use([[maybe_unused]] std::uint64_t most) { return std::nullopt; }
};

}  // namespace ipw::sandbox
