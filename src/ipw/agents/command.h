// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "ipw/agents/agent.h"

namespace ipw::agents {

/// A program of anybody's, in any language; `argv`, `prompt`, `env` and `answer` of the arguments say how it
/// is started and where its answer is (docs/reference/agents/command.md). Throws Error(Usage).
std::unique_ptr<Agent> make_command(const AgentOptions& options);

}  // namespace ipw::agents
