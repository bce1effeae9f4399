// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "ipw/agents/agent.h"

namespace ipw::agents {

/// The agent Terminus 2 of Harbor: the model sees a terminal and answers with keystrokes
/// (docs/reference/agents/terminus.md). Throws Error(Usage) for arguments that it does not know.
std::unique_ptr<Agent> make_terminus(const AgentOptions& options);

}  // namespace ipw::agents
