// SPDX-License-Identifier: Apache-2.0
// What `ipw doctor` says about NVIDIA GPUs.
#include <fmt/format.h>

#include <filesystem>

#include "ipw/base/text.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/collectors/nvml_devices.h"
#include "ipw/telemetry/collectors/nvml_gpu.h"

namespace ipw::telemetry {

namespace {

namespace fs = std::filesystem;
using Statuses = std::vector<SensorStatus>;

constexpr std::string_view kSensor = "NVIDIA GPU";

bool exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

SensorStatus absent(const nvml::Trouble& why) {
  return {std::string(kSensor), false, why.reason, why.remedy};
}

// The library cannot be opened: is there anything that it would find?
SensorStatus without_library(const std::string& root, const nvml::Trouble& why) {
  const auto on_bus = nvml::gpus_on_bus(root);
  const bool driver = exists(root + "/proc/driver/nvidia/version") || exists(root + "/dev/nvidia0");
  if (why.cause == Cause::Unsupported) return absent(why);
  if (driver)
    return absent(
        {Cause::NotFound, "a driver is loaded, but its library is not there: " + why.reason, why.remedy});
  if (!on_bus.empty()) {
    return absent({Cause::NotFound,
                   fmt::format("{} on the PCI bus, but neither driver nor library", on_bus[0]),
                   "install the NVIDIA driver of your distribution"});
  }
  return absent(
      {Cause::NotFound, "no device node, no driver, none on the PCI bus",
       "if there is a GPU, install its driver; in a container pass the devices through (--gpus all)"});
}

// The library is there, and the driver does not answer.
SensorStatus without_driver(const std::string& root, int status) {
  auto why = nvml::explain(status, "NVML");
  const bool on_bus = !nvml::gpus_on_bus(root).empty();
  if (status == nvml::kDriverNotLoaded && !on_bus) {
    why.reason = "the library is there, but no NVIDIA GPU is on the PCI bus";
    why.remedy = "nothing to do on a machine without one; in a virtual machine pass the GPU through";
  } else if (status == nvml::kDriverNotLoaded && exists(root + "/sys/module/nouveau")) {
    why.reason += "; nouveau holds the GPU";
    why.remedy = "blacklist nouveau, then install and load the NVIDIA driver";
  }
  return absent(why);
}

std::string origin(const nvml::Sources& sources) {
  if (sources.energy) return "energy counter";
  if (sources.power_is_average) return "no energy counter, mean power over a second is integrated";
  return "no energy counter, instant power is integrated";
}

SensorStatus gpu_status(const nvml::Nvml& nvml, const nvml::Listed& found, const std::string& root) {
  SensorStatus out{fmt::format("{} {}", kSensor, found.identity.index), false, {}, {}};
  if (found.status != nvml::kOk) {
    const auto why = nvml::explain(found.status, "GPU");
    out.detail = why.reason;
    out.remedy = why.remedy;
    return out;
  }
  nvml::Gpu gpu(found.identity, root);
  if (gpu.suspended()) {
    out.detail = found.identity.name + " is suspended; it is not read, so as not to wake it";
    out.remedy = "it is measured as soon as something uses it";
    return out;
  }
  gpu.attach(nvml.call(), found.handle);
  const auto& sources = gpu.sources();
  out.present = sources.energy || sources.power;
  out.detail = out.present
                   ? fmt::format("{}, {}: {}", found.identity.name, found.identity.uuid, origin(sources))
                   : "the driver offers neither an energy counter nor power";
  if (!out.present) out.remedy = "a virtual GPU without them can be measured on its host only";
  if (sources.scope == Scope::Module || sources.module()) out.detail += "; " + sources.note;
  if (!found.identity.instances.empty()) {
    out.detail +=
        fmt::format("; {} MIG instances, their energies are modelled", found.identity.instances.size());
  }
  if (!sources.energy && out.present)
    out.remedy = "a virtual GPU is measured better on its host; see the manual";
  const auto missing = gpu.probe_missing();
  if (!missing.empty()) out.detail += "; without " + join(missing, ", ");
  return out;
}

}  // namespace

std::vector<SensorStatus> diagnose_nvml(const std::string& root) {
  auto library = nvml::Nvml::open(root);
  if (!library) return {without_library(root, library.error())};
  auto& nvml = **library;
  if (const int status = nvml.restart(); status != nvml::kOk) return {without_driver(root, status)};
  const auto listed = nvml::list_gpus(nvml);
  if (!listed) return {without_driver(root, listed.error())};
  Statuses out;
  for (const auto& found : *listed) out.push_back(gpu_status(nvml, found, root));
  if (out.empty()) {
    const bool on_bus = !nvml::gpus_on_bus(root).empty();
    out.push_back(absent(
        {Cause::NotFound, "the driver runs, but lists no GPU",
         on_bus ? "the driver does not know the GPU, or a container hides it: a newer driver, --gpus all"
                : "there is none on the PCI bus"}));
  }
  return out;
}

}  // namespace ipw::telemetry
