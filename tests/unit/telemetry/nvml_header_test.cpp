// SPDX-License-Identifier: Apache-2.0
// Our declarations of NVML against NVIDIA's own header. Built where the header is found, and then it is a
// proof by the compiler; the test itself only says which header it was.
#include <gtest/gtest.h>

#if __has_include(<nvml.h>)
#include <nvml.h>

#include <type_traits>

#include "ipw/telemetry/collectors/nvml_library.h"

namespace ipw::telemetry::nvml {
namespace {

#define IPW_SAME_SIZE(ours, theirs) \
  static_assert(sizeof(ours) == sizeof(theirs) && alignof(ours) == alignof(theirs))
#define IPW_SAME_PLACE(ours, a, theirs, b) \
  static_assert(offsetof(ours, a) == offsetof(theirs, b) && sizeof(ours::a) == sizeof(theirs::b))

IPW_SAME_SIZE(FieldValue, nvmlFieldValue_t);
IPW_SAME_PLACE(FieldValue, field, nvmlFieldValue_t, fieldId);
IPW_SAME_PLACE(FieldValue, scope, nvmlFieldValue_t, scopeId);
IPW_SAME_PLACE(FieldValue, timestamp_us, nvmlFieldValue_t, timestamp);
IPW_SAME_PLACE(FieldValue, latency_us, nvmlFieldValue_t, latencyUsec);
IPW_SAME_PLACE(FieldValue, type, nvmlFieldValue_t, valueType);
IPW_SAME_PLACE(FieldValue, status, nvmlFieldValue_t, nvmlReturn);
IPW_SAME_PLACE(FieldValue, value, nvmlFieldValue_t, value);
IPW_SAME_SIZE(RingSample, nvmlSample_t);
IPW_SAME_PLACE(RingSample, timestamp_us, nvmlSample_t, timeStamp);
IPW_SAME_PLACE(RingSample, value, nvmlSample_t, sampleValue);
IPW_SAME_SIZE(Memory, nvmlMemory_t);
IPW_SAME_PLACE(Memory, total, nvmlMemory_t, total);
IPW_SAME_PLACE(Memory, free, nvmlMemory_t, free);
IPW_SAME_PLACE(Memory, used, nvmlMemory_t, used);
IPW_SAME_SIZE(MemoryV2, nvmlMemory_v2_t);
IPW_SAME_PLACE(MemoryV2, version, nvmlMemory_v2_t, version);
IPW_SAME_PLACE(MemoryV2, total, nvmlMemory_v2_t, total);
IPW_SAME_PLACE(MemoryV2, reserved, nvmlMemory_v2_t, reserved);
IPW_SAME_PLACE(MemoryV2, used, nvmlMemory_v2_t, used);
static_assert(kMemoryV2Version == nvmlMemory_v2);
IPW_SAME_SIZE(Utilization, nvmlUtilization_t);
IPW_SAME_PLACE(Utilization, memory, nvmlUtilization_t, memory);
IPW_SAME_SIZE(PciInfo, nvmlPciInfo_t);
IPW_SAME_PLACE(PciInfo, domain, nvmlPciInfo_t, domain);
IPW_SAME_PLACE(PciInfo, bus, nvmlPciInfo_t, bus);
IPW_SAME_PLACE(PciInfo, device, nvmlPciInfo_t, device);
IPW_SAME_PLACE(PciInfo, bus_id, nvmlPciInfo_t, busId);
IPW_SAME_SIZE(ProcessInfo, nvmlProcessInfo_t);
IPW_SAME_PLACE(ProcessInfo, pid, nvmlProcessInfo_t, pid);
IPW_SAME_PLACE(ProcessInfo, used_bytes, nvmlProcessInfo_t, usedGpuMemory);
IPW_SAME_SIZE(Attributes, nvmlDeviceAttributes_t);
IPW_SAME_PLACE(Attributes, gpu_instance_slices, nvmlDeviceAttributes_t, gpuInstanceSliceCount);
IPW_SAME_PLACE(Attributes, compute_instance_slices, nvmlDeviceAttributes_t, computeInstanceSliceCount);
IPW_SAME_PLACE(Attributes, memory_mb, nvmlDeviceAttributes_t, memorySizeMB);
IPW_SAME_SIZE(ActivityMetric, nvmlGpmMetric_t);
IPW_SAME_PLACE(ActivityMetric, id, nvmlGpmMetric_t, metricId);
IPW_SAME_PLACE(ActivityMetric, status, nvmlGpmMetric_t, nvmlReturn);
IPW_SAME_PLACE(ActivityMetric, value, nvmlGpmMetric_t, value);
static_assert(offsetof(ActivityRequest, first) == offsetof(nvmlGpmMetricsGet_t, sample1));
static_assert(offsetof(ActivityRequest, second) == offsetof(nvmlGpmMetricsGet_t, sample2));
static_assert(offsetof(ActivityRequest, metrics) == offsetof(nvmlGpmMetricsGet_t, metrics));
static_assert(ActivityRequest{}.version == NVML_GPM_METRICS_GET_VERSION);
static_assert(kGraphicsActivity == NVML_GPM_METRIC_GRAPHICS_UTIL);
#ifdef nvmlTemperature_v1
IPW_SAME_SIZE(Temperature, nvmlTemperature_v1_t);
IPW_SAME_PLACE(Temperature, celsius, nvmlTemperature_v1_t, temperature);
static_assert(kTemperatureVersion == nvmlTemperature_v1);
#endif

static_assert(kOk == int{NVML_SUCCESS} && kUninitialized == int{NVML_ERROR_UNINITIALIZED});
static_assert(kBadArgument == int{NVML_ERROR_INVALID_ARGUMENT} &&
              kNotSupported == int{NVML_ERROR_NOT_SUPPORTED});
static_assert(kNoPermission == int{NVML_ERROR_NO_PERMISSION} && kNotFound == int{NVML_ERROR_NOT_FOUND});
static_assert(kTooSmall == int{NVML_ERROR_INSUFFICIENT_SIZE} && kTimeout == int{NVML_ERROR_TIMEOUT});
static_assert(kDriverNotLoaded == int{NVML_ERROR_DRIVER_NOT_LOADED} &&
              kGpuLost == int{NVML_ERROR_GPU_IS_LOST});
static_assert(kFunctionMissing == int{NVML_ERROR_FUNCTION_NOT_FOUND} &&
              kResetRequired == int{NVML_ERROR_RESET_REQUIRED});
static_assert(kBlocked == int{NVML_ERROR_OPERATING_SYSTEM} &&
              kVersionMismatch == int{NVML_ERROR_LIB_RM_VERSION_MISMATCH});
static_assert(kNoData == int{NVML_ERROR_NO_DATA} &&
              kStructVersion == int{NVML_ERROR_ARGUMENT_VERSION_MISMATCH});
static_assert(kNotReady == int{NVML_ERROR_NOT_READY} && kUnknown == int{NVML_ERROR_UNKNOWN});

static_assert(kFieldMemoryTemperature == NVML_FI_DEV_MEMORY_TEMP);
static_assert(kFieldTotalEnergy == NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION);
static_assert(kFieldPowerAverage == NVML_FI_DEV_POWER_AVERAGE &&
              kFieldPowerInstant == NVML_FI_DEV_POWER_INSTANT);
#ifdef NVML_FI_DEV_ENERGY
static_assert(kFieldEnergy == NVML_FI_DEV_ENERGY);
#endif
static_assert(kScopeGpu == NVML_POWER_SCOPE_GPU && kScopeModule == NVML_POWER_SCOPE_MODULE);
static_assert(kTotalPowerSamples == int{NVML_TOTAL_POWER_SAMPLES});
static_assert(kDouble == int{NVML_VALUE_TYPE_DOUBLE} && kUnsignedInt == int{NVML_VALUE_TYPE_UNSIGNED_INT});
static_assert(kUnsignedLong == int{NVML_VALUE_TYPE_UNSIGNED_LONG} &&
              kUnsignedLongLong == int{NVML_VALUE_TYPE_UNSIGNED_LONG_LONG});
static_assert(kSignedLongLong == int{NVML_VALUE_TYPE_SIGNED_LONG_LONG} &&
              kSignedInt == int{NVML_VALUE_TYPE_SIGNED_INT});
static_assert(kClockSm == int{NVML_CLOCK_SM} && kClockMemory == int{NVML_CLOCK_MEM});
static_assert(kReasonIdle == nvmlClocksEventReasonGpuIdle);
static_assert(kReasonSoftwarePowerCap == nvmlClocksEventReasonSwPowerCap);
static_assert(kReasonHardwareSlowdown == nvmlClocksThrottleReasonHwSlowdown);
static_assert(kReasonSyncBoost == nvmlClocksEventReasonSyncBoost);
static_assert(kReasonSoftwareThermal == nvmlClocksEventReasonSwThermalSlowdown);
static_assert(kReasonHardwareThermal == nvmlClocksThrottleReasonHwThermalSlowdown);
static_assert(kReasonPowerBrake == nvmlClocksThrottleReasonHwPowerBrakeSlowdown);
static_assert(kVolta == NVML_DEVICE_ARCH_VOLTA && kAmpere == NVML_DEVICE_ARCH_AMPERE &&
              kHopper == NVML_DEVICE_ARCH_HOPPER);

/// Whether a pointer of ours can hold their function: as many parameters, each of the same kind and size.
template <class A, class B>
constexpr bool kSameParameter = std::is_pointer_v<A> == std::is_pointer_v<B> && sizeof(A) == sizeof(B);
template <class... Ours, class... Theirs>
constexpr bool same_shape(int (*)(Ours...), nvmlReturn_t (*)(Theirs...)) {
  if constexpr (sizeof...(Ours) == sizeof...(Theirs))
    return (kSameParameter<Ours, Theirs> && ...);
  else
    return false;
}
#define IPW_SAME_SHAPE(ours, theirs) \
  static_assert(same_shape(decltype(Functions::ours){}, static_cast<decltype(&theirs)>(nullptr)))

IPW_SAME_SHAPE(init, nvmlInit_v2);
IPW_SAME_SHAPE(shutdown, nvmlShutdown);
IPW_SAME_SHAPE(device_count, nvmlDeviceGetCount_v2);
IPW_SAME_SHAPE(device_by_index, nvmlDeviceGetHandleByIndex_v2);
IPW_SAME_SHAPE(driver_version, nvmlSystemGetDriverVersion);
IPW_SAME_SHAPE(name, nvmlDeviceGetName);
IPW_SAME_SHAPE(uuid, nvmlDeviceGetUUID);
IPW_SAME_SHAPE(pci_info, nvmlDeviceGetPciInfo_v3);
IPW_SAME_SHAPE(architecture, nvmlDeviceGetArchitecture);
IPW_SAME_SHAPE(total_energy, nvmlDeviceGetTotalEnergyConsumption);
IPW_SAME_SHAPE(power_usage, nvmlDeviceGetPowerUsage);
IPW_SAME_SHAPE(field_values, nvmlDeviceGetFieldValues);
IPW_SAME_SHAPE(samples, nvmlDeviceGetSamples);
IPW_SAME_SHAPE(memory_v2, nvmlDeviceGetMemoryInfo_v2);
IPW_SAME_SHAPE(memory, nvmlDeviceGetMemoryInfo);
IPW_SAME_SHAPE(utilization, nvmlDeviceGetUtilizationRates);
IPW_SAME_SHAPE(temperature, nvmlDeviceGetTemperature);
IPW_SAME_SHAPE(clock, nvmlDeviceGetClockInfo);
IPW_SAME_SHAPE(clock_reasons, nvmlDeviceGetCurrentClocksThrottleReasons);
IPW_SAME_SHAPE(power_limit, nvmlDeviceGetEnforcedPowerLimit);
IPW_SAME_SHAPE(compute_processes, nvmlDeviceGetComputeRunningProcesses_v3);
IPW_SAME_SHAPE(mig_mode, nvmlDeviceGetMigMode);
IPW_SAME_SHAPE(max_instances, nvmlDeviceGetMaxMigDeviceCount);
IPW_SAME_SHAPE(instance, nvmlDeviceGetMigDeviceHandleByIndex);
IPW_SAME_SHAPE(instance_id, nvmlDeviceGetGpuInstanceId);
IPW_SAME_SHAPE(attributes, nvmlDeviceGetAttributes_v2);
IPW_SAME_SHAPE(activity_alloc, nvmlGpmSampleAlloc);
IPW_SAME_SHAPE(activity_free, nvmlGpmSampleFree);
IPW_SAME_SHAPE(activity_sample, nvmlGpmMigSampleGet);
IPW_SAME_SHAPE(activity_metrics, nvmlGpmMetricsGet);

TEST(NvmlHeader, our_declarations_are_those_of_the_real_header) {
  // The comparison is what the compiler has done above; this tells that the header is not an older one.
  EXPECT_GE(NVML_API_VERSION, 12);
}

}  // namespace
}  // namespace ipw::telemetry::nvml
#else
TEST(NvmlHeader, our_declarations_are_those_of_the_real_header) {
  GTEST_SKIP() << "nvml.h is not installed; ./dev setup brings it with the packages of the tests";
}
#endif
