// SPDX-License-Identifier: Apache-2.0
// A libamd_smi that shows a simulated machine, with the structs of the major version that the world names.
#include <cstdio>

#include "ipw/sim/stubs/amd_stub.h"

namespace {

using namespace ipw::sim;
using stub::pci_parts, stub::PciParts, stub::steps;
constexpr int kOk = 0, kInval = 1, kNotSupported = 2, kNotFound = 31, kNotInit = 32, kDriver = 34;
constexpr std::int64_t kCostNs = 20'000;  // what a call may take on a real board (unverified)
constexpr std::uint32_t kAbsent32 = 0xffffffff;

std::uint64_t generation = 0;  // grows with each initialisation: a handle of before is caught
bool initialised = false;

// A handle is generation and index + 1; a socket has bit 31 set.
void* handle(std::uint64_t index, bool socket) {
  return reinterpret_cast<void*>(generation << 32 | (socket ? 1ULL << 31 : 0) | (index + 1));
}

Device* device_of(void* h) {
  World* w = stub::world();
  const auto bits = reinterpret_cast<std::uint64_t>(h);
  if (!w || !initialised) return nullptr;
  if (bits >> 32 != generation) {
    w->stale_handles.fetch_add(1);
    return nullptr;
  }
  const auto index = (bits & 0x7fffffff) - 1;
  return index < w->devices.load() ? &w->device[index] : nullptr;
}

// The device of a call that may go on, or the code with which it fails.
int enter(void* h, Device*& d) {
  if (!initialised) return kNotInit;
  d = device_of(h);
  if (!d) return kInval;
  if (active(*d, Fault::Vanished, now_ns(*stub::world()))) return kNotFound;
  return stub::enter(*stub::world(), *d, kCostNs);
}

std::uint32_t whole(double value) {
  return value >= 0 && value < 4e9 ? static_cast<std::uint32_t>(value + 0.5) : kAbsent32;
}

void put32(void* at, std::size_t offset, std::uint32_t value) {
  std::memcpy(static_cast<char*>(at) + offset, &value, sizeof value);
}
void put64(void* at, std::size_t offset, std::uint64_t value) {
  std::memcpy(static_cast<char*>(at) + offset, &value, sizeof value);
}

std::uint32_t listed(World& w, std::uint32_t most, void** out, bool sockets, std::uint32_t only) {
  std::uint32_t n = 0;
  for (std::uint32_t i = 0; i < w.devices.load(); ++i) {
    if (std::strcmp(w.device[i].vendor, "amd") != 0 || active(w.device[i], Fault::Vanished, now_ns(w)))
      continue;
    if (!sockets && i != only) continue;
    if (out && n < most) out[n] = handle(i, sockets);
    ++n;
  }
  return n;
}

}  // namespace

extern "C" {

int amdsmi_get_lib_version(void* version) {
  World* w = stub::world();
  if (!w || !version) return kInval;
  put32(version, 0, w->amd_smi_major);
  return kOk;
}

int amdsmi_init(std::uint64_t) {
  World* w = stub::world();
  if (!w) return kDriver;
  if (const int code = stub::driver_fault(*w, "amd")) return code;
  ++generation;
  initialised = true;
  return kOk;
}

int amdsmi_shut_down() {
  initialised = false;
  return kOk;
}

int amdsmi_get_socket_handles(std::uint32_t* count, void** sockets) {
  if (!initialised) return kNotInit;
  *count = listed(*stub::world(), *count, sockets, true, 0);
  return kOk;
}

int amdsmi_get_processor_handles(void* socket, std::uint32_t* count, void** processors) {
  if (!initialised) return kNotInit;
  const auto index = static_cast<std::uint32_t>((reinterpret_cast<std::uint64_t>(socket) & 0x7fffffff) - 1);
  *count = listed(*stub::world(), *count, processors, false, index);
  return kOk;
}

int amdsmi_get_gpu_device_bdf(void* h, void* bdf) {
  Device* d = device_of(h);
  if (!d) return kInval;
  const PciParts p = pci_parts(d->bus);
  put64(bdf, 0, std::uint64_t{p.domain} << 16 | p.bus << 8 | p.device << 3 | p.function);
  return kOk;
}

int amdsmi_get_gpu_asic_info(void* h, void* info) {
  Device* d = device_of(h);
  if (!d) return kInval;
  std::memcpy(info, d->name, sizeof d->name);
  return kOk;
}

int amdsmi_get_energy_count(void* h, std::uint64_t* count, float* resolution, std::uint64_t* when) {
  Device* d = nullptr;
  if (const int code = enter(h, d)) return code;
  if (d->refused & kNoEnergy) return kNotSupported;
  *count = d->refused & kShowsZero ? 0 : steps(*d);
  *resolution = static_cast<float>(stub::world()->amd_unit_microjoules);
  *when = static_cast<std::uint64_t>(now_ns(*stub::world()));
  return kOk;
}

int amdsmi_get_power_info(void* h, void* info) {
  Device* d = nullptr;
  if (const int code = enter(h, d)) return code;
  World& w = *stub::world();
  const std::uint32_t watts = d->refused & kShowsZero ? 0 : whole(shown_watts(w, *d, now_ns(w)));
  const std::uint32_t current = d->refused & kNoInstantPower ? kAbsent32 : watts;
  const std::uint32_t average = d->refused & kNoAveragePower ? kAbsent32 : watts;
  if (w.amd_smi_major == 24) {
    std::memset(info, 0, 68);
    put32(info, 0, current);
    put32(info, 4, average);
    return kOk;
  }
  std::memset(info, 0, w.amd_smi_major == 25 ? 40 : 192);
  put64(info, 0, current != kAbsent32 ? current : average);
  put32(info, 8, current);
  put32(info, 12, average);
  return kOk;
}

int amdsmi_get_temp_metric(void* h, int sensor, int, std::int64_t* celsius) {
  Device* d = nullptr;
  if (const int code = enter(h, d)) return code;
  if (sensor > 2) return kNotSupported;
  *celsius = static_cast<std::int64_t>(d->temperature_celsius);
  return kOk;
}

#ifndef IPW_STUB_WITHOUT_ACTIVITY
int amdsmi_get_gpu_activity(void* h, void* usage) {
  Device* d = nullptr;
  if (const int code = enter(h, d)) return code;
  put32(usage, 0, whole(d->utilization_pct));
  put32(usage, 4, kAbsent32);
  return kOk;
}
#endif

int amdsmi_get_gpu_vram_usage(void* h, void* usage) {
  Device* d = nullptr;
  if (const int code = enter(h, d)) return code;
  put32(usage, 0, whole(d->memory_total_mb));
  put32(usage, 4, whole(d->memory_used_mb));
  return kOk;
}

int amdsmi_get_power_cap_info(void* h, std::uint32_t, void* info) {
  Device* d = nullptr;
  if (const int code = enter(h, d)) return code;
  put64(info, 0, static_cast<std::uint64_t>(d->power_limit_watts * 1e6));
  return kOk;
}

}  // extern "C"
