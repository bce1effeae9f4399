// SPDX-License-Identifier: Apache-2.0
// The part of NVIDIA's management library (NVML) that ipw calls, declared here: no header of NVIDIA is needed
// to build. tests/unit/telemetry/nvml_header_test.cpp compares all of this with the real header where there
// is one.
#pragma once
#include <cstddef>
#include <cstdint>

namespace ipw::telemetry::nvml {

using Device = void*;  ///< valid until the library is shut down

/// What every function returns.
enum Status : int {
  kOk = 0,
  kUninitialized = 1,
  kBadArgument = 2,
  kNotSupported = 3,
  kNoPermission = 4,
  kNotFound = 6,
  kTooSmall = 7,
  kDriverNotLoaded = 9,
  kTimeout = 10,
  kFunctionMissing = 13,
  kGpuLost = 15,
  kResetRequired = 16,
  kBlocked = 17,  ///< by the operating system or a cgroup
  kVersionMismatch = 18,
  kNoData = 21,
  kStructVersion = 25,
  kNotReady = 27,
  kUnknown = 999
};

/// Ids of fields, and the scope that some of them take.
enum Field : std::uint32_t {
  kFieldMemoryTemperature = 82,  ///< °C
  kFieldTotalEnergy = 83,        ///< mJ
  kFieldPowerAverage = 185,      ///< mW, over a second
  kFieldPowerInstant = 186,      ///< mW
  kFieldEnergy = 191             ///< mJ, scoped
};
enum FieldScope : std::uint32_t { kScopeGpu = 0, kScopeModule = 1 };

enum ValueType : std::int32_t {
  kDouble = 0,
  kUnsignedInt = 1,
  kUnsignedLong = 2,
  kUnsignedLongLong = 3,
  kSignedLongLong = 4,
  kSignedInt = 5,
  kUnsignedShort = 6
};
union Value {
  double d;
  std::uint32_t u32;
  unsigned long ul;
  std::uint64_t u64;
  std::int64_t i64;
  std::int32_t i32;
  std::uint16_t u16;
};

struct FieldValue {
  std::uint32_t field = 0, scope = 0;
  std::int64_t timestamp_us = 0;  ///< since the Unix epoch
  std::int64_t latency_us = 0;
  std::int32_t type = 0;
  std::int32_t status = 0;
  Value value{};
};
struct RingSample {
  std::uint64_t timestamp_us = 0;
  Value value{};
};
constexpr int kTotalPowerSamples = 0;

struct Memory {
  std::uint64_t total = 0, free = 0, used = 0;  ///< bytes; used contains what is reserved
};
struct MemoryV2 {
  std::uint32_t version = 0;
  std::uint64_t total = 0, reserved = 0, free = 0, used = 0;
};
constexpr std::uint32_t kMemoryV2Version = 0x02000028;
struct Utilization {
  std::uint32_t gpu = 0, memory = 0;  ///< percent
};
struct Temperature {
  std::uint32_t version = 0;
  std::int32_t sensor = 0, celsius = 0;
};
constexpr std::uint32_t kTemperatureVersion = 0x0100000C;
struct PciInfo {
  char legacy_bus_id[16]{};
  std::uint32_t domain = 0, bus = 0, device = 0, device_id = 0, subsystem_id = 0;
  char bus_id[32]{};
};
struct ProcessInfo {
  std::uint32_t pid = 0;
  std::uint64_t used_bytes = 0;
  std::uint32_t gpu_instance = 0, compute_instance = 0;
};
/// Of a device or an instance.
struct Attributes {
  std::uint32_t multiprocessors = 0, copy_engines = 0, decoders = 0, encoders = 0, jpeg = 0, ofa = 0;
  std::uint32_t gpu_instance_slices = 0, compute_instance_slices = 0;
  std::uint64_t memory_mb = 0;
};

/// Activity is counted between two samples (GPM; Hopper and later).
using ActivitySample = void*;
struct ActivityMetric {
  std::uint32_t id = 0;
  std::int32_t status = 0;
  double value = 0;
  char *short_name = nullptr, *long_name = nullptr, *unit = nullptr;
};
constexpr std::uint32_t kGraphicsActivity = 1;  ///< percent of the time
struct ActivityRequest {
  std::uint32_t version = 1, count = 0;
  ActivitySample first = nullptr, second = nullptr;
  ActivityMetric metrics[1];  ///< the library reads and writes `count` of them
};

/// Bits of the reasons why clocks are held down.
enum ClockReason : std::uint64_t {
  kReasonIdle = 0x1,
  kReasonSoftwarePowerCap = 0x4,
  kReasonHardwareSlowdown = 0x8,
  kReasonSyncBoost = 0x10,
  kReasonSoftwareThermal = 0x20,
  kReasonHardwareThermal = 0x40,
  kReasonPowerBrake = 0x80
};

enum ClockKind : int { kClockSm = 1, kClockMemory = 2 };
enum Architecture : std::uint32_t {
  kKepler = 2,
  kMaxwell = 3,
  kPascal = 4,
  kVolta = 5,
  kTuring = 6,
  kAmpere = 7,
  kAda = 8,
  kHopper = 9,
  kBlackwell = 10
};

static_assert(sizeof(FieldValue) == 40 && offsetof(FieldValue, timestamp_us) == 8 &&
              offsetof(FieldValue, type) == 24 && offsetof(FieldValue, status) == 28 &&
              offsetof(FieldValue, value) == 32);
static_assert(sizeof(RingSample) == 16 && offsetof(RingSample, value) == 8);
static_assert(sizeof(Memory) == 24);
static_assert(sizeof(MemoryV2) == 40 && offsetof(MemoryV2, total) == 8 && offsetof(MemoryV2, used) == 32);
static_assert(kMemoryV2Version == (sizeof(MemoryV2) | 2U << 24));
static_assert(sizeof(Utilization) == 8);
static_assert(sizeof(Temperature) == 12 && kTemperatureVersion == (sizeof(Temperature) | 1U << 24));
static_assert(sizeof(PciInfo) == 68 && offsetof(PciInfo, bus_id) == 36);
static_assert(sizeof(ProcessInfo) == 24 && offsetof(ProcessInfo, used_bytes) == 8);
static_assert(sizeof(Attributes) == 40);
static_assert(sizeof(ActivityMetric) == 40 && offsetof(ActivityRequest, metrics) == 24);

}  // namespace ipw::telemetry::nvml
