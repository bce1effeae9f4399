// SPDX-License-Identifier: Apache-2.0
// Any bytes as the table of the amdgpu driver: a value that is told is a number and not below 0, a refusal
// has a reason, and what is read does not depend on what lies behind the table.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "ipw/telemetry/collectors/gpu_metrics.h"

namespace {

void check(const std::optional<double>& value) {
  if (value && !(std::isfinite(*value) && *value >= 0)) std::abort();
}

void check(const std::string& table) {
  const auto out = ipw::telemetry::parse_gpu_metrics(table);
  if (!out) {
    if (out.error().empty()) std::abort();
    return;
  }
  for (const auto& value : {out->energy_joules, out->current_watts, out->average_watts,
                            out->temperature_celsius, out->memory_temperature_celsius, out->activity_pct,
                            out->memory_activity_pct, out->core_clock_mhz, out->memory_clock_mhz})
    check(value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string table(reinterpret_cast<const char*>(data), size);
  check(table);
  // The same as a table of the size it tells, so that the layouts are reached.
  if (size < 4) return 0;
  table.resize(std::min<std::size_t>(data[0] | data[1] << 8, 4095), '\x5a');
  check(table);
  return 0;
}
