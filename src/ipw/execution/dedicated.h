// SPDX-License-Identifier: Apache-2.0
// Whether the accelerators work for the run alone: what others do there is measured as well.
#pragma once
#include <string>
#include <vector>

#include "ipw/base/json.h"
#include "ipw/base/result.h"
#include "ipw/telemetry/gpu_processes.h"

namespace ipw::execution {

struct Dedication {
  std::vector<telemetry::GpuProcess> others;  ///< neither ours nor of the server under test
  std::string unknown;                        ///< why nobody can tell; empty where it is known
};

/// Judge what uses the accelerators: ipw itself, whoever serves `base_url` on this machine, and what descends
/// from these are no others (defect M31). `root`: where /proc lies; empty is the machine.
Dedication judge_dedication(const Result<std::vector<telemetry::GpuProcess>, std::string>& processes,
                            const std::string& base_url, const std::string& root);
/// Ask the driver and judge. It takes milliseconds under the driver's lock: before and after a run only.
Dedication look_for_others(const std::string& base_url, const std::string& root);

/// Throws Error(Unavailable) that names the others, or why nobody can tell.
void require_dedicated(const Dedication& found);
/// summary.json's `dedicated_hardware`.
Json to_json(const Dedication& before, const Dedication& after);
/// For people; empty where there is nothing to say.
std::string note_of(const Dedication& found);

}  // namespace ipw::execution
