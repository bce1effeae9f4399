// SPDX-License-Identifier: Apache-2.0
// The energy counters of the processor, through perf where it may be used and through powercap elsewhere.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "ipw/telemetry/collector.h"
#include "ipw/telemetry/collectors/perf_backend.h"

namespace ipw::telemetry {

/// As make_rapl(), with the perf events of a backend of one's own; none reads powercap alone.
std::unique_ptr<Collector> make_rapl_with(const CollectorOptions& options,
                                          std::unique_ptr<PerfBackend> backend);

/// What `ipw doctor` says about perf, powercap and each zone. `package` tells whether a package counts.
std::vector<SensorStatus> diagnose_rapl(const std::string& root, bool& package);

}  // namespace ipw::telemetry
