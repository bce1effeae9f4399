// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/nvml_library.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace ipw::telemetry::nvml {

namespace {

constexpr std::array<std::string_view, 2> kNames{"libnvidia-ml.so.1", "libnvidia-ml.so"};
// Where distributions and containers put it besides the loader's own path.
constexpr std::array<std::string_view, 3> kFolders{"/usr/lib/x86_64-linux-gnu/nvidia/current",
                                                   "/usr/lib/wsl/lib", "/run/opengl-driver/lib"};

struct StatusRow {
  int status;
  Cause cause;
  Reach reach;
  std::string_view meaning, remedy;
};
constexpr std::array kStatuses{
    StatusRow{kUninitialized, Cause::Lost, Reach::Driver, "the library is not initialised", ""},
    StatusRow{kBadArgument, Cause::Unreadable, Reach::Moment, "the library refuses an argument", ""},
    StatusRow{kNotSupported, Cause::Unsupported, Reach::Metric, "not supported by this GPU or driver", ""},
    StatusRow{kNoPermission, Cause::Denied, Reach::Metric, "no permission",
              "run as root or in the group of /dev/nvidia*, or use a monitor that does"},
    StatusRow{kNotFound, Cause::NotFound, Reach::Moment, "not found", ""},
    StatusRow{kTooSmall, Cause::Unreadable, Reach::Moment, "the answer is longer than expected", ""},
    StatusRow{kDriverNotLoaded, Cause::Lost, Reach::Driver, "the NVIDIA driver is not loaded",
              "modprobe nvidia; if that fails install the driver, or read `dmesg`"},
    StatusRow{kTimeout, Cause::Unreadable, Reach::Moment, "the driver did not answer in time", ""},
    StatusRow{kFunctionMissing, Cause::Unsupported, Reach::Metric, "the driver has no such function",
              "a newer driver may have it"},
    StatusRow{kGpuLost, Cause::Lost, Reach::Gpu, "the GPU is lost: it has fallen off the bus",
              "look for Xid lines in `dmesg`; reset the GPU or reboot, then check power and seating"},
    StatusRow{kResetRequired, Cause::Lost, Reach::Gpu, "the GPU must be reset before it can be used again",
              "stop what uses it, then: nvidia-smi --gpu-reset -i INDEX"},
    StatusRow{kBlocked, Cause::Denied, Reach::Gpu, "the operating system or a cgroup blocks the device file",
              "in a container pass it through: --gpus all, or --device /dev/nvidia0 --device /dev/nvidiactl"},
    StatusRow{kVersionMismatch, Cause::Lost, Reach::Driver,
              "the library and the loaded driver are of different versions",
              "the driver was updated: reload its kernel modules or reboot"},
    StatusRow{kNoData, Cause::NotFound, Reach::Moment, "no data yet", ""},
    StatusRow{kStructVersion, Cause::Unsupported, Reach::Metric,
              "the library does not know this form of the call", ""},
    StatusRow{kNotReady, Cause::Unreadable, Reach::Moment, "the driver is not ready", ""},
    StatusRow{kUnknown, Cause::Unreadable, Reach::Moment, "an internal error of the driver", "read `dmesg`"},
};

const StatusRow* row_of(int status) {
  const auto it = std::ranges::find(kStatuses, status, &StatusRow::status);
  return it == kStatuses.end() ? nullptr : &*it;
}

}  // namespace

Trouble explain(int status, const std::string& what) {
  const StatusRow* row = row_of(status);
  const std::string_view meaning = row ? row->meaning : "an unknown error";
  return {row ? row->cause : Cause::Unreadable, fmt::format("{}: {} (NVML {})", what, meaning, status),
          std::string(row ? row->remedy : "")};
}

Reach reach(int status) {
  if (status == kOk) return Reach::Nothing;
  const StatusRow* row = row_of(status);
  return row ? row->reach : Reach::Moment;
}

Result<std::unique_ptr<Nvml>, Trouble> Nvml::open(const std::string& root) {
  auto library = Library::open(kNames, root, kFolders);
  if (!library) {
    return Unexpected<Trouble>(
        Trouble{Cause::NotFound, library.error(),
                "install the user part of the NVIDIA driver; in a container start it with "
                "the NVIDIA runtime (--gpus all)"});
  }
  std::unique_ptr<Nvml> out(new Nvml(std::move(*library)));
  if (!out->bind_all()) {
    return Unexpected<Trouble>(Trouble{Cause::Unsupported,
                                       fmt::format("{} has no nvmlInit or cannot list devices", out->path()),
                                       "reinstall the driver: this file is not its library"});
  }
  return out;
}

bool Nvml::bind_all() {
  Functions& f = functions_;
  const auto get = [&](auto*& function, std::initializer_list<std::string_view> names) {
    return ipw::bind(library_, function, names);
  };
  const bool usable = get(f.init, {"nvmlInit_v2", "nvmlInit"}) && get(f.shutdown, {"nvmlShutdown"}) &&
                      get(f.device_count, {"nvmlDeviceGetCount_v2", "nvmlDeviceGetCount"}) &&
                      get(f.device_by_index, {"nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex"});
  get(f.driver_version, {"nvmlSystemGetDriverVersion"});
  get(f.name, {"nvmlDeviceGetName"});
  get(f.uuid, {"nvmlDeviceGetUUID"});
  get(f.pci_info, {"nvmlDeviceGetPciInfo_v3", "nvmlDeviceGetPciInfo_v2", "nvmlDeviceGetPciInfo"});
  get(f.architecture, {"nvmlDeviceGetArchitecture"});
  get(f.total_energy, {"nvmlDeviceGetTotalEnergyConsumption"});
  get(f.power_usage, {"nvmlDeviceGetPowerUsage"});
  get(f.field_values, {"nvmlDeviceGetFieldValues"});
  get(f.samples, {"nvmlDeviceGetSamples"});
  get(f.memory_v2, {"nvmlDeviceGetMemoryInfo_v2"});
  get(f.memory, {"nvmlDeviceGetMemoryInfo"});
  get(f.utilization, {"nvmlDeviceGetUtilizationRates"});
  get(f.temperature_v, {"nvmlDeviceGetTemperatureV"});
  get(f.temperature, {"nvmlDeviceGetTemperature"});
  get(f.clock, {"nvmlDeviceGetClockInfo"});
  get(f.clock_reasons,
      {"nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"});
  get(f.power_limit, {"nvmlDeviceGetEnforcedPowerLimit", "nvmlDeviceGetPowerManagementLimit"});
  // The forms before the second have a shorter record.
  get(f.compute_processes,
      {"nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2"});
  get(f.graphics_processes,
      {"nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v2"});
  get(f.mig_mode, {"nvmlDeviceGetMigMode"});
  get(f.max_instances, {"nvmlDeviceGetMaxMigDeviceCount"});
  get(f.instance, {"nvmlDeviceGetMigDeviceHandleByIndex"});
  get(f.instance_id, {"nvmlDeviceGetGpuInstanceId"});
  get(f.attributes, {"nvmlDeviceGetAttributes_v2", "nvmlDeviceGetAttributes"});
  get(f.activity_alloc, {"nvmlGpmSampleAlloc"});
  get(f.activity_free, {"nvmlGpmSampleFree"});
  get(f.activity_sample, {"nvmlGpmMigSampleGet"});
  get(f.activity_metrics, {"nvmlGpmMetricsGet"});
  return usable;
}

Nvml::~Nvml() {
  if (initialised_) functions_.shutdown();
}

int Nvml::restart() {
  if (initialised_) functions_.shutdown();
  const int status = functions_.init();
  initialised_ = status == kOk;
  return status;
}

std::string Nvml::driver_version() const {
  std::array<char, 96> text{};
  const bool told =
      functions_.driver_version && functions_.driver_version(text.data(), text.size() - 1) == kOk;
  return told ? text.data() : "";
}

std::string text_of(int (*get)(Device, char*, unsigned), Device device) {
  std::array<char, 128> text{};
  return get && get(device, text.data(), text.size() - 1) == kOk ? text.data() : "";
}

}  // namespace ipw::telemetry::nvml
