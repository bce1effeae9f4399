// SPDX-License-Identifier: Apache-2.0
// Help texts and the reference page, made from the same rows as the parser.
#pragma once
#include <string>

#include "ipw/cli/command.h"

namespace ipw::cli {

/// Write `ipw --help`.
std::string program_help();
/// Write `ipw COMMAND --help`.
std::string command_help(const Command& command);
/// Write docs/reference/commands.md.
std::string commands_page();

}  // namespace ipw::cli
