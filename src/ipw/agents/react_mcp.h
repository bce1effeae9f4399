// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stop_token>
#include <string>

#include "ipw/agents/react_tools.h"

namespace ipw::agents {

/// Connect to servers of the Model Context Protocol, {"name": {"command", "args", "env"} or {"url",
/// "headers"}}, and add their tools. "${NAME}" in a text is that variable of the environment, so that no key
/// stands among the arguments of a run. Throws Error where a server cannot be reached, or a variable is not
/// set, and Error(Cancelled) when stopped.
void add_mcp_servers(Toolbox& tools, const std::string& servers_json, const std::stop_token& stop);

}  // namespace ipw::agents
