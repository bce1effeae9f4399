// SPDX-License-Identifier: Apache-2.0
// From arguments to values. CLI11 stays in parser.cpp.
#pragma once
#include <span>
#include <string>

#include "ipw/cli/command.h"

namespace ipw::cli {

/// Parse the arguments that follow a command's name. Throws Error(Usage), with near option names as a hint.
Values parse_arguments(const Command& command, std::span<const std::string> arguments);

}  // namespace ipw::cli
