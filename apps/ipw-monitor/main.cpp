// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <string_view>

#include "ipw/base/error.h"
#include "ipw/base/say.h"
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
  ipw::say("ipw-monitor: {}\n", error.what());
  for (const auto& line : error.context()) ipw::say("  while {}\n", line);
  if (!error.hint().empty()) ipw::say("  hint: {}\n", error.hint());
  return ipw::exit_status(error.code());
}
