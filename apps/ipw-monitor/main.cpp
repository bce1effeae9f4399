// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "ipw/base/error.h"
#include "ipw/telemetry/helper.h"
#include "monitor_program.h"
#include "options.h"

int main(int argc, char** argv) try {
  if (argc > 1 && std::string_view(argv[1]) == ipw::telemetry::kHelperWord) {
    ipw::SystemClock clock;
    return ipw::telemetry::run_helper(ipw::telemetry::collectors(), {argv + 2, argv + argc}, clock);
  }
  const auto parsed = ipw::monitor::parse_options(argc, argv);
  if (parsed.exit_status) return *parsed.exit_status;
  ipw::monitor::run(parsed.options);
  return 0;
} catch (const ipw::Error& error) {
  std::string told = fmt::format("ipw-monitor: {}\n", error.what());
  for (const auto& line : error.context()) told += fmt::format("  while {}\n", line);
  if (!error.hint().empty()) told += fmt::format("  hint: {}\n", error.hint());
  std::fputs(told.c_str(), stderr);
  return ipw::exit_status(error.code());
}
