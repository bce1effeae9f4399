// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "ipw/agents/agent.h"
#include "ipw/agents/command.h"
#include "ipw/agents/presets.h"
#include "ipw/agents/react.h"
#include "ipw/agents/terminus.h"

namespace ipw::agents {

Clock& clock_of(const AgentOptions& options) {
  static SystemClock machine;
  return options.clock != nullptr ? *options.clock : machine;
}

std::span<const AgentEntry> agents() {
  static constexpr std::array kAgents = {
      AgentEntry{"command", "Any program that can be told a base URL and a key.", &make_command},
      AgentEntry{"mini-swe-agent", "mini-swe-agent 2, an agent for repositories that uses bash alone.",
                 &make_mini_swe_agent},
      AgentEntry{"openhands", "OpenHands by its headless command.", &make_openhands},
      AgentEntry{"react", "Reason and act: the model calls tools until it answers.", &make_react},
      AgentEntry{"terminus", "Terminus 2: keystrokes for a terminal, in JSON or XML.", &make_terminus},
  };
  return kAgents;
}

}  // namespace ipw::agents
