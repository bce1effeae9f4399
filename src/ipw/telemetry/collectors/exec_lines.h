// SPDX-License-Identifier: Apache-2.0
// The lines that a program of the collector `exec` prints; docs/reference/collectors/exec.md has the
// protocol.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/base/result.h"
#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

struct ExecLine {
  std::string domain = "exec";
  std::optional<double> watts, joules;  ///< at least one
  std::optional<Scope> scope;
  double age_seconds = 0;  ///< how long ago the value was taken
  std::optional<double> update_seconds, relative_half_width;
};

/// Understand one line. Pure; never throws. The error says what is wrong with it.
Result<ExecLine, std::string> parse_exec_line(std::string_view line);

/// Split a command into words at white space; quotes '...' and "..." keep it. No other character is special.
/// Throws Error(Usage) when it is empty or a quote has no end.
std::vector<std::string> split_command(std::string_view text);

}  // namespace ipw::telemetry
