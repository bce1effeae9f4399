// SPDX-License-Identifier: Apache-2.0
// A librocm_smi64 that shows a simulated machine. Its devices are in reverse order: whoever takes an index of
// another source for one of its own reads the wrong card.
#include <cstdio>

#include "ipw/sim/stubs/amd_stub.h"

namespace {

using namespace ipw::sim;
constexpr int kOk = 0, kInvalid = 1, kNotSupported = 2, kInit = 8, kNotFound = 10;
constexpr std::int64_t kCostNs = 20'000;  // what a call may take on a real board (unverified)
bool initialised = false;

Device* device_of(std::uint32_t index) {
  World* w = stub::world();
  if (!w || !initialised) return nullptr;
  const std::uint32_t n = stub::count(*w);
  return index < n ? stub::listed(*w, "amd", n - 1 - index) : nullptr;
}

int enter(std::uint32_t index, Device*& d) {
  if (!initialised) return kInit;
  d = device_of(index);
  return d ? stub::enter(*stub::world(), *d, kCostNs) : kNotFound;
}

int microwatts(std::uint32_t index, std::uint32_t refusal, std::uint64_t* out) {
  Device* d = nullptr;
  if (const int code = enter(index, d)) return code;
  if (d->refused & refusal) return kNotSupported;
  World& w = *stub::world();
  const double watts = d->refused & kShowsZero ? 0 : shown_watts(w, *d, now_ns(w));
  *out = static_cast<std::uint64_t>(watts * 1e6);
  return kOk;
}

}  // namespace

extern "C" {

int rsmi_init(std::uint64_t) {
  World* w = stub::world();
  if (!w || stub::driver_fault(*w, "amd") != 0) return kInit;
  initialised = true;
  return kOk;
}

int rsmi_shut_down() {
  initialised = false;
  return kOk;
}

int rsmi_num_monitor_devices(std::uint32_t* count) {
  if (!initialised) return kInit;
  *count = stub::count(*stub::world());
  return kOk;
}

int rsmi_dev_pci_id_get(std::uint32_t index, std::uint64_t* id) {
  Device* d = device_of(index);
  if (!d) return kNotFound;
  const auto p = stub::pci_parts(d->bus);
  *id = std::uint64_t{p.domain} << 32 | p.bus << 8 | p.device << 3 | p.function;
  return kOk;
}

int rsmi_dev_name_get(std::uint32_t index, char* name, std::size_t size) {
  Device* d = device_of(index);
  if (!d || size == 0) return kInvalid;
  std::snprintf(name, size, "%s", d->name);
  return kOk;
}

int rsmi_dev_energy_count_get(std::uint32_t index, std::uint64_t* count, float* resolution,
                              std::uint64_t* when) {
  Device* d = nullptr;
  if (const int code = enter(index, d)) return code;
  if (d->refused & kNoEnergy) return kNotSupported;
  *count = d->refused & kShowsZero ? 0 : stub::steps(*d);
  *resolution = static_cast<float>(stub::world()->amd_unit_microjoules);
  *when = static_cast<std::uint64_t>(now_ns(*stub::world()));
  return kOk;
}

int rsmi_dev_current_socket_power_get(std::uint32_t index, std::uint64_t* out) {
  return microwatts(index, kNoInstantPower, out);
}

int rsmi_dev_power_ave_get(std::uint32_t index, std::uint32_t, std::uint64_t* out) {
  return microwatts(index, kNoAveragePower, out);
}

int rsmi_dev_temp_metric_get(std::uint32_t index, std::uint32_t sensor, int, std::int64_t* millidegrees) {
  Device* d = nullptr;
  if (const int code = enter(index, d)) return code;
  if (sensor > 2) return kNotSupported;
  *millidegrees = static_cast<std::int64_t>(d->temperature_celsius * 1000);
  return kOk;
}

int rsmi_dev_memory_usage_get(std::uint32_t index, int, std::uint64_t* bytes) {
  Device* d = nullptr;
  if (const int code = enter(index, d)) return code;
  *bytes = static_cast<std::uint64_t>(d->memory_used_mb) << 20;
  return kOk;
}

int rsmi_dev_memory_total_get(std::uint32_t index, int, std::uint64_t* bytes) {
  Device* d = nullptr;
  if (const int code = enter(index, d)) return code;
  *bytes = static_cast<std::uint64_t>(d->memory_total_mb) << 20;
  return kOk;
}

int rsmi_dev_busy_percent_get(std::uint32_t index, std::uint32_t* percent) {
  Device* d = nullptr;
  if (const int code = enter(index, d)) return code;
  *percent = static_cast<std::uint32_t>(d->utilization_pct);
  return kOk;
}

int rsmi_dev_power_cap_get(std::uint32_t index, std::uint32_t, std::uint64_t* microwatts_out) {
  Device* d = nullptr;
  if (const int code = enter(index, d)) return code;
  *microwatts_out = static_cast<std::uint64_t>(d->power_limit_watts * 1e6);
  return kOk;
}

}  // extern "C"
