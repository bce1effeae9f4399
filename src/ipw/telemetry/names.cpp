// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "ipw/telemetry/names.h"

namespace ipw::telemetry {

namespace {
constexpr std::array<std::string_view, 10> kScopes{"accelerator", "package", "core", "uncore", "dram",
                                                   "psys",        "module",  "wall", "host",   "instance"};
constexpr std::array<std::string_view, 4> kMethods{"counter", "integrated", "modelled", "simulated"};
constexpr std::array<std::string_view, 12> kGauges{"temperature_celsius",
                                                   "cpu_memory_mb",
                                                   "gpu_memory_mb",
                                                   "gpu_memory_total_mb",
                                                   "cpu_load_pct",
                                                   "gpu_utilization_pct",
                                                   "gpu_memory_bandwidth_pct",
                                                   "memory_temperature_celsius",
                                                   "power_limit_watts",
                                                   "core_clock_mhz",
                                                   "memory_clock_mhz",
                                                   "throttle_reasons"};
constexpr std::array<std::string_view, 10> kCauses{"unreadable",  "denied", "not-found", "unsupported",
                                                   "nonsense",    "stale",  "stuck",     "lost",
                                                   "unreachable", "ended"};

template <class Enum, std::size_t N>
std::optional<Enum> lookup(const std::array<std::string_view, N>& names, std::string_view text) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}
}  // namespace

std::string_view to_string(Scope scope) {
  return kScopes[static_cast<std::size_t>(scope)];
}
std::string_view to_string(Method method) {
  return kMethods[static_cast<std::size_t>(method)];
}
std::string_view to_string(Gauge gauge) {
  return kGauges[static_cast<std::size_t>(gauge)];
}
std::string_view to_string(Cause cause) {
  return kCauses[static_cast<std::size_t>(cause)];
}
std::optional<Cause> cause_from(std::string_view text) {
  return lookup<Cause>(kCauses, text);
}
std::optional<Scope> scope_from(std::string_view text) {
  return lookup<Scope>(kScopes, text);
}
std::optional<Method> method_from(std::string_view text) {
  return lookup<Method>(kMethods, text);
}
std::optional<Gauge> gauge_from(std::string_view text) {
  return lookup<Gauge>(kGauges, text);
}

}  // namespace ipw::telemetry
