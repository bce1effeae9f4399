// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include "ipw/base/error.h"
#include "options.h"
#include "sim_program.h"

int main(int argc, char** argv) try {
  const auto parsed = ipw::sim::parse_options(argc, argv);
  if (parsed.exit_status) return *parsed.exit_status;
  ipw::sim::run(parsed.options);
  return 0;
} catch (const ipw::Error& error) {
  fmt::print(stderr, "ipw-sim: {}\n", error.what());
  if (!error.hint().empty()) fmt::print(stderr, "  hint: {}\n", error.hint());
  return ipw::exit_status(error.code());
}
