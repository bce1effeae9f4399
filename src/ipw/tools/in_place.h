// SPDX-License-Identifier: Apache-2.0
// Commands of tools in the place of a task.
#pragma once
#include <optional>
#include <string>

#include "ipw/sandbox/workplace.h"
#include "ipw/tools/tool.h"

namespace ipw::tools {

/// Set how long the command may run, at most what the context allows, and run it in the context's place; a
/// context without one is an error of the end.
sandbox::CommandEnd run_in_place(sandbox::Command command, std::optional<Seconds> wall,
                                 const ToolContext& context);

/// Why it did not come to its own end, in words; empty when it did.
std::string limit_text(const sandbox::CommandEnd& end, Seconds wall);

/// Exit status and both streams, each of them shortened, as a model reads them. Failed when the status is not
/// 0, a limit was met or the place failed.
ToolResult told(const sandbox::CommandEnd& end, Seconds wall, std::size_t most_characters);

/// How long a command may run: what was asked for, at most what is left.
Seconds allowed(std::optional<Seconds> asked, const ToolContext& context);

}  // namespace ipw::tools
