// SPDX-License-Identifier: Apache-2.0
// What stands outside of a simulated machine: plugs and a management controller that measure all of it.
#pragma once
#include <optional>

#include "ipw/http/server.h"
#include "ipw/sim/machine.h"

namespace ipw::sim {

struct MeterOptions {
  double overhead_watts = 40;  ///< fans, disks, board: what no sensor inside counts
  double efficiency = 0.92;    ///< of the supply
  double update_seconds = 1;   ///< a new value this often, the mean over that long
};

/// What has flown through the outlet from the epoch to an instant, in joules.
double wall_joules(const Machine& machine, const MeterOptions& options, std::int64_t at_ns);

/// The pages of a Shelly of the second generation (/shelly, /rpc/...), one of the first (/gen1/...), a
/// Tasmota plug
/// (/cm) and a Redfish controller (/redfish/v1/...), all of them at the outlet. Faults of the device "wall"
/// apply. Nothing for another page. Thread-safe.
std::optional<http::ServerResponse> meter_page(const Machine& machine, const MeterOptions& options,
                                               const http::ServerRequest& request);

}  // namespace ipw::sim
