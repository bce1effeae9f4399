// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ipw/sim/machine.h"
#include "ipw/sim/meters.h"
#include "ipw/sim/reply_plan.h"

namespace ipw::sim {

struct Options {
  MachineOptions machine;
  ServerOptions server;
  MeterOptions meters;
  int port = 8123;
  std::vector<std::string> faults;
  std::optional<double> duration_seconds;
  bool json = false;
};

struct Parsed {
  Options options;
  std::optional<int>
      exit_status;  ///< the program ends here: help or version was asked, or the usage was wrong (2)
};

/// Read the command line; help, version and what is wrong are printed. Throws Error(Usage) for a value that
/// cannot be read.
Parsed parse_options(int argc, char** argv);

}  // namespace ipw::sim
