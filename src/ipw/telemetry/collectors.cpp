// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors.h"

#include <algorithm>
#include <array>

namespace ipw::telemetry {

namespace {
using Use = CollectorRow::Use;
/// Meters take a new value about once a second.
constexpr auto kMeterPeriod = std::chrono::milliseconds(500);
constexpr std::array<CollectorRow, 15> kRows{{
    {"amd", "AMD GPUs: energy by sysfs, libamd_smi or librocm_smi64", Use::Always, make_amd, "amd",
     std::chrono::milliseconds(5), true},
    {"apple", "Apple SoC: IOReport on macOS, or powermetrics: apple:PROGRAM", Use::Always, make_apple,
     "apple"},
    {"exec", "any program that prints readings as lines of JSON: exec:PROGRAM ARGUMENTS", Use::Named,
     make_exec},
    {"gaudi", "Intel Gaudi accelerators, from libhlml", Use::Always, make_gaudi, "gaudi",
     std::chrono::milliseconds(20), true},
    {"host", "memory in use and CPU load, from /proc", Use::Always, make_host},
    {"hwmon", "energy and power sensors of boards, Grace, Jetson and Intel GPUs, from hwmon", Use::Always,
     make_hwmon},
    {"ipmi", "power of the chassis from its controller, by DCMI: ipmi or ipmi:/dev/ipmi1", Use::Named,
     make_ipmi, kMeterThread, kMeterPeriod},
    {"modelled", "CPU energy estimated from load, for machines without a counter", Use::WithoutPackage,
     make_modelled},
    {"nvml", "NVIDIA GPUs, from NVML: nvml:0,1 or nvml:GPU-ID for some of them", Use::Always, make_nvml,
     "nvml", std::chrono::milliseconds(20), true},
    {"rapl", "CPU package, DRAM and platform energy counters, from perf or powercap", Use::Always, make_rapl},
    {"redfish", "power of the chassis from its controller: redfish:HOST,user=NAME,password_file=FILE",
     Use::Named, make_redfish, kMeterThread, kMeterPeriod},
    {"replay", "a recording, played again: replay:FILE", Use::Named, make_replay},
    {"shelly", "a Shelly plug or meter in the network: shelly:HOST", Use::Named, make_shelly, kMeterThread,
     kMeterPeriod},
    {"simulated", "a known power signal: simulated:watts=50,update_ms=20", Use::Named, make_simulated},
    {"tasmota", "a plug with Tasmota in the network: tasmota:HOST", Use::Named, make_tasmota, kMeterThread,
     kMeterPeriod},
}};
static_assert(std::ranges::is_sorted(kRows, {}, &CollectorRow::name));
}  // namespace

std::span<const CollectorRow> collectors() {
  return kRows;
}

}  // namespace ipw::telemetry
