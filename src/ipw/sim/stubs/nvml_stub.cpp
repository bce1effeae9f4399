// SPDX-License-Identifier: Apache-2.0
// libnvidia-ml.so.1 of a simulated machine: the functions that ipw uses, answered from the world. The layouts
// are written down once more, apart from those of the collector, so that a slip in one of them shows.
#include <vector>

#include "ipw/sim/stubs/stub.h"

using namespace ipw::sim;

namespace {

enum Code {
  kOk = 0,
  kUninitialized = 1,
  kArgument = 2,
  kUnsupported = 3,
  kNotFound = 6,
  kSmall = 7,
  kStruct = 25
};
constexpr std::int64_t kEpochUs = 1'700'000'000'000'000;  // of the driver's clock, when CLOCK_MONOTONIC is 0
// What calls take on a real board (telemetry.md 2.1), in ns; those that nobody has published are guessed
// high.
constexpr std::int64_t kCheap = 2'500, kMemory = 11'600, kFields = 10'000, kProcesses = 4'491'000;
constexpr std::size_t kRing = 120;

struct FieldValue {
  std::uint32_t field, scope;
  std::int64_t timestamp, latency;
  std::int32_t type, status;
  union {
    double d;
    std::uint32_t u32;
    std::uint64_t u64;
  } value;
};
struct Sample {
  std::uint64_t timestamp;
  union {
    std::uint32_t u32;
    std::uint64_t u64;
  } value;
};
struct Memory {
  std::uint64_t total, free, used;
};
struct Memory2 {
  std::uint32_t version;
  std::uint64_t total, reserved, free, used;
};
struct Utilization {
  std::uint32_t gpu, memory;
};
struct Temperature {
  std::uint32_t version;
  std::int32_t sensor, celsius;
};
struct Pci {
  char legacy[16];
  std::uint32_t domain, bus, device, id, subsystem;
  char bus_id[32];
};
struct Process {
  std::uint32_t pid;
  std::uint64_t used;
  std::uint32_t gpu_instance, compute_instance;
};
struct Attributes {
  std::uint32_t multiprocessors, copy, decoder, encoder, jpeg, ofa, gpu_slices, compute_slices;
  std::uint64_t memory_mb;
};
struct ActivitySample {
  double activity;
};
struct Metric {
  std::uint32_t id;
  std::int32_t status;
  double value;
  const char *short_name, *long_name, *unit;
};
struct Metrics {
  std::uint32_t version, count;
  ActivitySample *first, *second;
  Metric metric[1];
};

using Handle = void*;
std::uint32_t initialised = 0;  // how often; part of every handle
bool open_now = false;

Handle handle_of(const World& w, const Device& d, std::uint32_t part) {
  const auto index = static_cast<std::uintptr_t>(&d - w.device);
  return reinterpret_cast<Handle>(static_cast<std::uintptr_t>(initialised) << 16 | (index + 1) << 8 | part);
}

// A call on a handle: the device and the partition, 0 for the device itself.
struct Call {
  Call(Handle handle, std::int64_t cost) {
    world = stub::world();
    const auto bits = reinterpret_cast<std::uintptr_t>(handle);
    const auto index = bits >> 8 & 0xff;
    if (!world || !open_now) {
      status = kUninitialized;
    } else if (bits >> 16 != initialised || index == 0) {
      world->stale_handles.fetch_add(1);
      status = kArgument;
    } else {
      device = &world->device[index - 1];
      part = static_cast<std::uint32_t>(bits & 0xff);
      status = stub::enter(*world, *device, cost);
      now = now_ns(*world);
    }
  }
  bool refused(std::uint32_t what) const { return (device->refused.load() & what) != 0; }
  // Go on only where the call has not failed and the device offers it.
  bool ok(std::uint32_t what = 0, bool parts = false) {
    if (status == kOk && (refused(what) || (part > 0 && !parts))) status = kUnsupported;
    return status == kOk;
  }
  double joules(bool module) const {
    const double more =
        device->module_watts * static_cast<double>(taken_ns(*world, *device, now) - world->epoch_ns);
    return shown_joules(*world, *device, now) + (module ? more * 1e-9 : 0);
  }
  double watts(bool module, double window) const {
    const double mine = device->averaging_seconds;
    device->averaging_seconds = window;
    const double shown = shown_watts(*world, *device, now);
    device->averaging_seconds = mine;
    return shown + (module ? device->module_watts : 0);
  }
  World* world = nullptr;
  Device* device = nullptr;
  std::uint32_t part = 0;
  int status = kOk;
  std::int64_t now = 0;
};

std::int64_t driver_us(std::int64_t ns) {
  return kEpochUs + ns / 1000;
}

int copy_text(char* to, unsigned length, const char* from) {
  if (!to || std::strlen(from) >= length) return kSmall;
  std::strcpy(to, from);
  return kOk;
}

void fill_energy(const Call& call, FieldValue& v, bool plain) {
  const bool scoped_out = call.refused(plain ? kNoEnergy : kNoScopedEnergy);
  const bool module = v.scope == 1 || call.device->module_shown >= (plain ? 1U : 2U);
  v.type = 3;
  v.value.u64 = stub::to_u64(call.joules(module) * 1000);
  if (scoped_out) v.status = kUnsupported;
}

void fill_power(const Call& call, FieldValue& v, bool average) {
  const double window = average ? call.device->average_seconds : call.device->averaging_seconds;
  v.type = 1;
  v.value.u32 = stub::to_u32(call.watts(v.scope == 1 || call.device->module_shown == 2, window) * 1000);
  if (call.refused(average ? kNoAveragePower : kNoInstantPower)) v.status = kUnsupported;
}

void fill(const Call& call, FieldValue& v) {
  v.timestamp = driver_us(call.now);
  v.latency = 1;
  v.status = kOk;
  const bool scoped = v.field == 185 || v.field == 186 || v.field == 191;
  if (v.field == 83 || v.field == 191) {
    fill_energy(call, v, v.field == 83);
  } else if (v.field == 185 || v.field == 186) {
    fill_power(call, v, v.field == 185);
  } else if (v.field == 82) {
    v.type = 1;
    v.value.u32 = stub::to_u32(call.device->temperature_celsius + 10);
    if (call.refused(kNoMemoryTemperature)) v.status = kUnsupported;
  } else {
    v.status = kUnsupported;
  }
  const bool module_scope = v.scope == 1 && call.device->module_watts <= 0;
  if (scoped && (v.scope > 1 || module_scope || (v.scope == 0 && call.refused(kNoGpuScope))))
    v.status = kUnsupported;
}

std::uint64_t bytes(double mb) {
  return mb > 0 ? static_cast<std::uint64_t>(mb * 1048576) : 0;
}

double used_mb(const Call& call) {
  return call.part > 0 ? call.device->part[call.part - 1].memory_used_mb : call.device->memory_used_mb;
}
double total_mb(const Call& call) {
  return call.part > 0 ? call.device->part[call.part - 1].memory_total_mb : call.device->memory_total_mb;
}

}  // namespace

extern "C" {

int nvmlInit_v2() {
  World* w = stub::world();
  if (!w) return 9;
  if (const int code = stub::driver_fault(*w, "nvidia")) return code;
  ++initialised;
  open_now = true;
  return kOk;
}
int nvmlInit() {
  return nvmlInit_v2();
}
int nvmlShutdown() {
  open_now = false;
  return kOk;
}
int nvmlSystemGetDriverVersion(char* text, unsigned length) {
  return copy_text(text, length, "575.57.08");
}

int nvmlDeviceGetCount_v2(unsigned* count) {
  World* w = stub::world();
  if (!w || !open_now) return kUninitialized;
  if (const int code = stub::driver_fault(*w, "nvidia")) return code;
  for (*count = 0; stub::listed(*w, "nvidia", *count);) ++*count;
  return kOk;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, Handle* handle) {
  World* w = stub::world();
  if (!w || !open_now) return kUninitialized;
  Device* d = stub::listed(*w, "nvidia", index);
  if (!d) return kArgument;
  // As the driver does: a lost device has no handle.
  if (const FaultPlan* error = active(*d, Fault::Error, now_ns(*w))) return static_cast<int>(error->value);
  *handle = handle_of(*w, *d, 0);
  return kOk;
}
int nvmlDeviceGetName(Handle h, char* text, unsigned length) {
  const Call call(h, kCheap);
  return call.status ? call.status : copy_text(text, length, call.device->name);
}
int nvmlDeviceGetUUID(Handle h, char* text, unsigned length) {
  const Call call(h, kCheap);
  if (call.status) return call.status;
  char uuid[96];
  if (call.part > 0)
    std::snprintf(uuid, sizeof uuid, "MIG-%s-%u", call.device->uuid, call.part);
  else
    std::snprintf(uuid, sizeof uuid, "GPU-%s", call.device->uuid);
  return copy_text(text, length, uuid);
}
int nvmlDeviceGetPciInfo_v3(Handle h, Pci* pci) {
  Call call(h, kCheap);
  if (!call.ok()) return call.status;
  unsigned domain = 0, bus = 0, device = 0;
  if (std::sscanf(call.device->bus, "%x:%x:%x", &domain, &bus, &device) != 3) return kUnsupported;
  *pci = {};
  pci->domain = domain;
  pci->bus = bus;
  pci->device = device;
  std::snprintf(pci->bus_id, sizeof pci->bus_id, "%08X:%02X:%02X.0", domain, bus, device);
  return kOk;
}
int nvmlDeviceGetArchitecture(Handle h, unsigned* architecture) {
  Call call(h, kCheap);
  if (call.ok()) *architecture = call.device->generation;
  return call.status;
}

int nvmlDeviceGetTotalEnergyConsumption(Handle h, unsigned long long* millijoules) {
  Call call(h, kCheap);
  if (call.ok(kNoEnergy)) *millijoules = stub::to_u64(call.joules(call.device->module_shown >= 1) * 1000);
  return call.status;
}
int nvmlDeviceGetPowerUsage(Handle h, unsigned* milliwatts) {
  Call call(h, kCheap);
  if (!call.ok(kNoPower)) return call.status;
  const double window =
      call.device->generation >= 7 ? call.device->average_seconds : call.device->averaging_seconds;
  *milliwatts = stub::to_u32(call.watts(call.device->module_shown >= 1, window) * 1000);
  return kOk;
}
int nvmlDeviceGetFieldValues(Handle h, int count, FieldValue* values) {
  Call call(h, kFields);
  if (!call.ok()) return call.status;
  for (int i = 0; i < count; ++i) fill(call, values[i]);
  return kOk;
}
int nvmlDeviceGetSamples(Handle h, int type, unsigned long long last_seen, int* value_type, unsigned* count,
                         Sample* samples) {
  Call call(h, kFields);
  if (!call.ok(kNoSamples) || type != 0) return call.status ? call.status : int{kUnsupported};
  if (!samples) {
    *count = kRing;
    return kOk;
  }
  const double step = std::max(call.device->update_seconds, 1e-3);
  std::vector<Sample> fresh;
  std::int64_t at = taken_ns(*call.world, *call.device, call.now);
  for (std::size_t i = 0; i < kRing && at >= call.world->epoch_ns; ++i, at -= std::llround(step * 1e9)) {
    if (static_cast<unsigned long long>(driver_us(at)) <= last_seen) break;
    Sample sample{static_cast<std::uint64_t>(driver_us(at)), {}};
    call.now = at + 1000;
    sample.value.u32 = stub::to_u32(call.watts(false, call.device->averaging_seconds) * 1000);
    fresh.push_back(sample);
  }
  if (fresh.empty()) return kNotFound;
  if (fresh.size() > *count) return kSmall;
  std::copy(fresh.rbegin(), fresh.rend(), samples);
  *count = static_cast<unsigned>(fresh.size());
  *value_type = 1;
  return kOk;
}

int nvmlDeviceGetMemoryInfo(Handle h, Memory* memory) {
  Call call(h, kMemory);
  if (!call.ok(kNoMemory, true)) return call.status;
  *memory = {bytes(total_mb(call)), bytes(total_mb(call) - used_mb(call)), bytes(used_mb(call))};
  return kOk;
}
int nvmlDeviceGetMemoryInfo_v2(Handle h, Memory2* memory) {
  Call call(h, kMemory);
  if (!call.ok(kNoMemory | kNoNewMemory, true)) return call.status;
  if (memory->version != (sizeof(Memory2) | 2U << 24)) return kStruct;
  const double reserved = 256;
  memory->total = bytes(total_mb(call));
  memory->reserved = bytes(reserved);
  memory->used = bytes(used_mb(call));
  memory->free = bytes(total_mb(call) - used_mb(call) - reserved);
  return kOk;
}
int nvmlDeviceGetUtilizationRates(Handle h, Utilization* out) {
  Call call(h, kCheap);
  if (call.status == kOk && call.device->parts > 0) call.status = kUnsupported;
  if (!call.ok(kNoUtilization)) return call.status;
  *out = {stub::to_u32(call.device->utilization_pct), stub::to_u32(call.device->utilization_pct / 2)};
  return kOk;
}
int nvmlDeviceGetTemperature(Handle h, int, unsigned* celsius) {
  Call call(h, kCheap);
  if (call.ok(kNoTemperature)) *celsius = stub::to_u32(call.device->temperature_celsius);
  return call.status;
}
int nvmlDeviceGetTemperatureV(Handle h, Temperature* out) {
  Call call(h, kCheap);
  if (!call.ok(kNoTemperature)) return call.status;
  if (out->version != (sizeof(Temperature) | 1U << 24)) return kStruct;
  out->celsius = static_cast<std::int32_t>(call.device->temperature_celsius);
  return kOk;
}
int nvmlDeviceGetClockInfo(Handle h, int type, unsigned* mhz) {
  Call call(h, kCheap);
  if (call.ok(kNoClocks)) *mhz = type == 2 ? 2619 : 1980;
  return call.status;
}
int nvmlDeviceGetCurrentClocksEventReasons(Handle h, unsigned long long* reasons) {
  Call call(h, kCheap);
  if (call.ok(kNoThrottle)) *reasons = call.device->throttle;
  return call.status;
}
int nvmlDeviceGetCurrentClocksThrottleReasons(Handle h, unsigned long long* reasons) {
  return nvmlDeviceGetCurrentClocksEventReasons(h, reasons);
}
int nvmlDeviceGetEnforcedPowerLimit(Handle h, unsigned* milliwatts) {
  Call call(h, kCheap);
  if (call.ok(kNoLimit)) *milliwatts = stub::to_u32(call.device->power_limit_watts * 1000);
  return call.status;
}
int nvmlDeviceGetPowerManagementLimit(Handle h, unsigned* milliwatts) {
  return nvmlDeviceGetEnforcedPowerLimit(h, milliwatts);
}

int nvmlDeviceGetComputeRunningProcesses_v3(Handle h, unsigned* count, Process* processes) {
  Call call(h, kProcesses);
  if (!call.ok()) return call.status;
  const auto pid = call.device->process;
  const unsigned room = *count;
  *count = pid > 0 ? 1 : 0;
  if (pid > 0 && room < 1) return kSmall;
  if (pid > 0) processes[0] = {pid, bytes(call.device->memory_used_mb), UINT32_MAX, UINT32_MAX};
  return kOk;
}
int nvmlDeviceGetGraphicsRunningProcesses_v3(Handle h, unsigned* count, Process*) {
  Call call(h, kProcesses);
  if (call.ok()) *count = 0;
  return call.status;
}

int nvmlDeviceGetMigMode(Handle h, unsigned* current, unsigned* pending) {
  Call call(h, kCheap);
  if (call.ok()) *current = *pending = call.device->parts > 0;
  return call.status;
}
int nvmlDeviceGetMaxMigDeviceCount(Handle h, unsigned* count) {
  Call call(h, kCheap);
  if (call.ok()) *count = Device::kParts;
  return call.status;
}
int nvmlDeviceGetMigDeviceHandleByIndex(Handle h, unsigned index, Handle* out) {
  Call call(h, kCheap);
  if (!call.ok()) return call.status;
  if (index >= call.device->parts) return kNotFound;
  *out = handle_of(*call.world, *call.device, index + 1);
  return kOk;
}
int nvmlDeviceGetGpuInstanceId(Handle h, unsigned* id) {
  Call call(h, kCheap);
  if (call.ok(0, true)) *id = call.part + 6;
  return call.status;
}
int nvmlDeviceGetAttributes_v2(Handle h, Attributes* out) {
  Call call(h, kCheap);
  if (!call.ok(0, true)) return call.status;
  *out = {};
  const bool whole = call.part == 0;
  out->gpu_slices = whole ? Device::kParts : call.device->part[call.part - 1].slices;
  out->compute_slices = out->gpu_slices;
  out->memory_mb = static_cast<std::uint64_t>(total_mb(call));
  return kOk;
}

int nvmlGpmSampleAlloc(ActivitySample** sample) {
  *sample = new ActivitySample{};
  return kOk;
}
int nvmlGpmSampleFree(ActivitySample* sample) {
  delete sample;
  return kOk;
}
int nvmlGpmMigSampleGet(Handle h, unsigned instance, ActivitySample* sample) {
  Call call(h, kFields);
  if (!call.ok(kNoActivity)) return call.status;
  if (instance < 7 || instance - 7 >= call.device->parts) return kNotFound;
  sample->activity = call.device->part[instance - 7].activity;
  return kOk;
}
int nvmlGpmMetricsGet(Metrics* metrics) {
  for (std::uint32_t i = 0; i < metrics->count; ++i) {
    metrics->metric[i].status = metrics->metric[i].id == 1 ? kOk : kUnsupported;
    metrics->metric[i].value = 50 * (metrics->first->activity + metrics->second->activity);
  }
  return kOk;
}

}  // extern "C"
