// SPDX-License-Identifier: Apache-2.0
// Which processes use the GPUs: whether a machine is ours alone.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ipw/base/result.h"

namespace ipw::telemetry {

struct GpuProcess {
  std::string gpu;  ///< id of the device
  std::int64_t pid = 0;
  std::optional<double> memory_mb;
};

/// The processes that use NVIDIA GPUs now; the error says why nobody knows. It takes milliseconds per GPU
/// under the driver's lock: ask before and after a run, never in between.
Result<std::vector<GpuProcess>, std::string> gpu_processes(const std::string& root);

/// Those that are neither in `own` nor descend from one that is (the server under test and its workers), by
/// the parents in /proc below `root`.
std::vector<GpuProcess> foreign_processes(const std::vector<GpuProcess>& all,
                                          std::span<const std::int64_t> own, const std::string& root);

}  // namespace ipw::telemetry
