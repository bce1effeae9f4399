// SPDX-License-Identifier: Apache-2.0
// Commands as processes of this machine that can be found again, whatever they detach from.
#pragma once
#include <string>
#include <vector>

#include "ipw/sandbox/workplace.h"

namespace ipw::sandbox {

/// How a place starts a command.
struct MarkedStart {
  std::vector<std::string> argv;
  std::string folder;                    ///< of this machine
  std::vector<std::string> environment;  ///< "NAME=value"
  bool only_this_environment = false;
  std::string place_mark;  ///< "NAME=value" of all commands of a place; the command's own is added
};

/// Run it with the input and the limits of a command. At a limit everything that it has started is killed.
/// Never throws for what it does; thread-safe.
CommandEnd run_marked(const MarkedStart& start, const Command& command);

}  // namespace ipw::sandbox
