// SPDX-License-Identifier: Apache-2.0
// libhlml.so of a simulated machine with Gaudi accelerators.
#include "ipw/sim/stubs/stub.h"

using namespace ipw::sim;

namespace {

enum Code { kOk = 0, kUninitialized = 1, kArgument = 2, kUnsupported = 3, kSmall = 7 };

struct Memory {
  std::uint64_t free, total, used;
};
struct Utilization {
  std::uint32_t aip, memory;
};

using Handle = void*;
std::uint32_t initialised = 0;
bool open_now = false;

struct Call {
  explicit Call(Handle handle, std::uint32_t what = 0) {
    world = stub::world();
    const auto bits = reinterpret_cast<std::uintptr_t>(handle);
    if (!world || !open_now) {
      status = kUninitialized;
    } else if (bits >> 8 != initialised || (bits & 0xff) == 0) {
      world->stale_handles.fetch_add(1);
      status = kArgument;
    } else {
      device = &world->device[(bits & 0xff) - 1];
      status = stub::enter(*world, *device, 5'000);
      now = now_ns(*world);
      if (status == kOk && (device->refused.load() & what) != 0) status = kUnsupported;
    }
  }
  bool ok() const { return status == kOk; }
  World* world = nullptr;
  Device* device = nullptr;
  int status = kOk;
  std::int64_t now = 0;
};

int copy_text(char* to, unsigned length, const char* from) {
  if (!to || std::strlen(from) >= length) return kSmall;
  std::strcpy(to, from);
  return kOk;
}

}  // namespace

extern "C" {

int hlml_init() {
  World* w = stub::world();
  if (!w) return 9;
  if (const int code = stub::driver_fault(*w, "gaudi")) return code;
  ++initialised;
  open_now = true;
  return kOk;
}
int hlml_shutdown() {
  open_now = false;
  return kOk;
}
int hlml_device_get_count(unsigned* count) {
  World* w = stub::world();
  if (!w || !open_now) return kUninitialized;
  for (*count = 0; stub::listed(*w, "gaudi", *count);) ++*count;
  return kOk;
}
int hlml_device_get_handle_by_index(unsigned index, Handle* handle) {
  World* w = stub::world();
  if (!w || !open_now) return kUninitialized;
  const Device* d = stub::listed(*w, "gaudi", index);
  if (!d) return kArgument;
  const auto number = static_cast<std::uintptr_t>(d - w->device) + 1;
  *handle = reinterpret_cast<Handle>(static_cast<std::uintptr_t>(initialised) << 8 | number);
  return kOk;
}
int hlml_device_get_name(Handle h, char* text, unsigned length) {
  const Call call(h);
  return call.ok() ? copy_text(text, length, call.device->name) : call.status;
}
int hlml_device_get_uuid(Handle h, char* text, unsigned length) {
  const Call call(h);
  return call.ok() ? copy_text(text, length, call.device->uuid) : call.status;
}
int hlml_device_get_total_energy_consumption(Handle h, unsigned long long* millijoules) {
  const Call call(h, kNoEnergy);
  if (call.ok()) *millijoules = stub::to_u64(shown_joules(*call.world, *call.device, call.now) * 1000);
  return call.status;
}
int hlml_device_get_power_usage(Handle h, unsigned* milliwatts) {
  const Call call(h, kNoPower);
  if (call.ok()) *milliwatts = stub::to_u32(shown_watts(*call.world, *call.device, call.now) * 1000);
  return call.status;
}
int hlml_device_get_temperature(Handle h, int, unsigned* celsius) {
  const Call call(h, kNoTemperature);
  if (call.ok()) *celsius = stub::to_u32(call.device->temperature_celsius);
  return call.status;
}
int hlml_device_get_utilization_rates(Handle h, Utilization* out) {
  const Call call(h, kNoUtilization);
  if (call.ok()) *out = {stub::to_u32(call.device->utilization_pct), 0};
  return call.status;
}
int hlml_device_get_memory_info(Handle h, Memory* out) {
  const Call call(h, kNoMemory);
  if (!call.ok()) return call.status;
  const auto total = static_cast<std::uint64_t>(call.device->memory_total_mb * 1048576);
  const auto used = static_cast<std::uint64_t>(call.device->memory_used_mb * 1048576);
  *out = {total - used, total, used};
  return kOk;
}

}  // extern "C"
