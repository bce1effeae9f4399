// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "ipw/agents/agent.h"
#include "ipw/agents/command.h"
#include "ipw/agents/react.h"

namespace ipw::agents {

std::span<const AgentEntry> agents() {
  static constexpr std::array kAgents = {
      AgentEntry{"command", "Any program that can be told a base URL and a key.", &make_command},
      AgentEntry{"react", "Reason and act: the model calls tools until it answers.", &make_react},
  };
  return kAgents;
}

}  // namespace ipw::agents
