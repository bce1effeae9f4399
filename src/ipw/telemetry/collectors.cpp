// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors.h"

#include <algorithm>
#include <array>

namespace ipw::telemetry {

namespace {
using Use = CollectorRow::Use;
constexpr std::array<CollectorRow, 6> kRows{{
    {"host", "memory in use and CPU load, from /proc", Use::Always, make_host},
    {"hwmon", "energy and power sensors of boards, Grace, Jetson and Intel GPUs, from hwmon", Use::Always,
     make_hwmon},
    {"modelled", "CPU energy estimated from load, for machines without a counter", Use::WithoutPackage,
     make_modelled},
    {"rapl", "CPU package, DRAM and platform energy counters, from perf or powercap", Use::Always, make_rapl},
    {"replay", "a recording, played again: replay:FILE", Use::Named, make_replay},
    {"simulated", "a known power signal: simulated:watts=50,update_ms=20", Use::Named, make_simulated},
}};
static_assert(std::ranges::is_sorted(kRows, {}, &CollectorRow::name));
}  // namespace

std::span<const CollectorRow> collectors() {
  return kRows;
}

}  // namespace ipw::telemetry
