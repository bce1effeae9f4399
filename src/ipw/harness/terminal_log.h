// SPDX-License-Identifier: Apache-2.0
// What the tests of a Terminal-Bench task of version 1 have printed.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "ipw/base/result.h"

namespace ipw::harness {

/// Whether each test has passed, by its name; never empty.
using TestResults = std::map<std::string, bool>;

/// Read a log by the parser that the task names: mlebench, pytest, swebench, swelancer or sweperf. The error
/// says why nothing is known; no test at all is such an error (defect S12). Source: terminal-bench 0.2.18,
/// parsers/.
Result<TestResults, std::string> parse_terminal_log(std::string_view parser, std::string_view log);

/// The log without the escape sequences of terminals and without carriage returns.
std::string plain_text(std::string_view log);

}  // namespace ipw::harness
