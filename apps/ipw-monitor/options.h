// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>

#include "ipw/base/log.h"
#include "ipw/rpc/monitor.h"
#include "ipw/telemetry/source.h"

namespace ipw::monitor {

struct Options {
  rpc::ServeOptions serve;
  telemetry::SourceOptions source;
  log::Level log_level = log::Level::Warning;
};

struct Parsed {
  Options options;
  std::optional<int>
      exit_status;  ///< the program ends here: help or version was asked, or the usage was wrong (2)
};

/// Read the command line; help, version and what is wrong are printed. Throws Error(Usage) for the token
/// file.
Parsed parse_options(int argc, char** argv);

}  // namespace ipw::monitor
