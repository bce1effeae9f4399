// SPDX-License-Identifier: Apache-2.0
// One service of a compose file.
#pragma once
#include <optional>
#include <string>

#include "ipw/harness/compose.h"
#include "ipw/harness/compose_values.h"

namespace ipw::harness {

struct ReadService {
  ComposeService service;
  std::optional<std::string> network;  ///< of the file's, where it names one
};

/// Throws Error(Unavailable) for what is not supported, by ComposeValues::refuse().
ReadService read_service(const ComposeValues& values, const std::string& name, const YAML::Node& node);

}  // namespace ipw::harness
