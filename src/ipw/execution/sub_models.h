// SPDX-License-Identifier: Apache-2.0
// The models that an agent may ask besides its own, as `--submodel ALIAS:BACKEND:MODEL_ID` names them, and
// which servers a run needs.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/execution/config.h"
#include "ipw/servers/server_engines.h"

namespace ipw::execution {

struct SubModelChoice {
  std::string alias, backend, model;
};

/// Cut at the first two colons alone, as ids may hold more. An empty alias is the last part of the model's
/// path in lower case, '_' as '-'. Throws Error(Usage).
SubModelChoice parse_sub_model_option(const std::string& text);

/// Give them to the agent, with the addresses where they are expected: those of one-model servers on the
/// ports after `base_port`, Ollama's at its own port or with the main model. Throws Error(Usage) for an agent
/// that asks no other models, and for a name given twice.
void add_sub_models(AgentChoice& agent, std::span<const SubModelChoice> choices, int base_port,
                    std::string_view main_client);

struct PlannedServer {
  std::string alias;  ///< "main" for the agent's own model
  servers::ServerSpec spec;
};

/// The servers that a run needs on this machine, the main model's first. Sub-models of providers and of other
/// machines need none. `client`: whose server the main model has. Throws Error(Usage).
std::vector<PlannedServer> plan_servers(const ProfileConfig& config, std::string_view client);

}  // namespace ipw::execution
