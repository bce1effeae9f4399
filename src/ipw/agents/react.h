// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "ipw/agents/agent.h"

namespace ipw::agents {

/// Reason and act (Yao et al. 2023): the model calls tools, sees what comes of it, and goes on until it
/// answers; see docs/reference/agents/react.md. Throws Error(Usage), and what tools throw that cannot work.
std::unique_ptr<Agent> make_react(const AgentOptions& options);

}  // namespace ipw::agents
