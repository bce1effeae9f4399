// SPDX-License-Identifier: Apache-2.0
// Well-known agents as settings of the agent `command`: what they are started with, and where they leave
// their answer.
#pragma once
#include <memory>

#include "ipw/agents/agent.h"

namespace ipw::agents {

/// mini-swe-agent 2 (https://mini-swe-agent.com). Throws Error(Usage).
std::unique_ptr<Agent> make_mini_swe_agent(const AgentOptions& options);

/// OpenHands by its headless command (https://docs.openhands.dev). Throws Error(Usage).
std::unique_ptr<Agent> make_openhands(const AgentOptions& options);

}  // namespace ipw::agents
