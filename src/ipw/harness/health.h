// SPDX-License-Identifier: Apache-2.0
// Waiting until what runs in a container answers.
#pragma once
#include <string>
#include <vector>

#include "ipw/harness/containers.h"

namespace ipw::harness {

struct HealthCheck {
  std::vector<std::string> argv;  ///< healthy when it ends with 0
  Seconds pause{5}, wait{30};     ///< between two attempts; for each
  int attempts = 3;
};

/// Return when it is healthy. Throws Error(Unavailable) with the last attempt's words when it does not become
/// so; `what` is healthy, as a reader knows it.
void await_health(sandbox::Workplace& place, const HealthCheck& check, const std::string& what,
                  const std::stop_token& stop);

}  // namespace ipw::harness
