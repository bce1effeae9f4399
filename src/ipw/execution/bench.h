// SPDX-License-Identifier: Apache-2.0
// What `ipw bench` does before the measurement: wait for the server, and warm it up.
#pragma once
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/execution/managed_servers.h"
#include "ipw/execution/profile.h"

namespace ipw::execution {

struct BenchRequest {
  RunRequest run;
  double ready_seconds = 120;  ///< how long the server may take until it answers
  bool warm_up = true;
  std::vector<PlannedServer> servers;  ///< to be started before and stopped after the run
};

struct BenchOutcome {
  RunOutcome run;
  double waited_seconds = 0;              ///< until the server answered
  std::optional<double> warm_up_seconds;  ///< of the warm-up, which is in no figure
  double server_seconds = 0;              ///< of the servers' start, which is in no figure
  std::vector<ServerUse> servers;
};

/// Where a client's server listens by default (defect C7). Throws Error(Usage) for another client.
std::string default_base_url(std::string_view client);

/// Start servers, wait, warm up, then run the agents; all comes before the first reading. The servers are
/// stopped at the end, whatever happens. Throws Error when the server does
/// not become ready or fails the warm-up: nothing was measured then.
BenchOutcome bench(const BenchRequest& request, const Surroundings& around, Observer& observer,
                   std::stop_token stop);

}  // namespace ipw::execution
