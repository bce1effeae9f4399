// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors.h"

#include <algorithm>
#include <array>

namespace ipw::telemetry {

namespace {
using Use = CollectorRow::Use;
constexpr std::array<CollectorRow, 9> kRows{{
    {"amd", "AMD GPUs: energy by sysfs, libamd_smi or librocm_smi64", Use::Always, make_amd, "amd",
     std::chrono::milliseconds(5)},
    {"apple", "Apple SoC: IOReport on macOS, or powermetrics: apple:PROGRAM", Use::Always, make_apple,
     "apple"},
    {"gaudi", "Intel Gaudi accelerators, from libhlml", Use::Always, make_gaudi, "gaudi",
     std::chrono::milliseconds(20)},
    {"host", "memory in use and CPU load, from /proc", Use::Always, make_host},
    {"modelled", "CPU energy estimated from load, for machines without a counter", Use::WithoutPackage,
     make_modelled},
    {"nvml", "NVIDIA GPUs, from NVML: nvml:0,1 or nvml:GPU-ID for some of them", Use::Always, make_nvml,
     "nvml", std::chrono::milliseconds(20)},
    {"rapl", "CPU package, DRAM and platform energy counters, from powercap", Use::Always, make_rapl},
    {"replay", "a recording, played again: replay:FILE", Use::Named, make_replay},
    {"simulated", "a known power signal: simulated:watts=50,update_ms=20", Use::Named, make_simulated},
}};
static_assert(std::ranges::is_sorted(kRows, {}, &CollectorRow::name));
}  // namespace

std::span<const CollectorRow> collectors() {
  return kRows;
}

}  // namespace ipw::telemetry
