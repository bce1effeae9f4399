// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/nvml_devices.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "ipw/telemetry/collectors/nvml_instances.h"
#include "ipw/telemetry/kept_file.h"

namespace ipw::telemetry::nvml {

namespace fs = std::filesystem;

namespace {

DeviceIdentity identify(const Functions& call, unsigned index, Device handle) {
  DeviceIdentity out{.index = index};
  out.name = text_of(call.name, handle);
  out.uuid = text_of(call.uuid, handle);
  PciInfo pci;
  if (call.pci_info && call.pci_info(handle, &pci) == kOk)
    out.bus = fmt::format("{:04x}:{:02x}:{:02x}.0", pci.domain, pci.bus, pci.device);
  if (out.name.empty()) out.name = "NVIDIA GPU";
  if (out.uuid.empty()) out.uuid = out.bus.empty() ? fmt::format("index {}", index) : out.bus;
  for (const Instance& instance : list_instances(call, handle)) out.instances.push_back(instance.uuid);
  return out;
}

}  // namespace

Result<std::vector<Listed>, int> list_gpus(const Nvml& nvml) {
  const Functions& call = nvml.call();
  unsigned count = 0;
  if (const int status = call.device_count(&count); status != kOk) return Unexpected<int>(status);
  std::vector<Listed> out(count);
  for (unsigned i = 0; i < count; ++i) {
    out[i].identity.index = i;
    out[i].status = call.device_by_index(i, &out[i].handle);
    if (out[i].status == kOk) out[i].identity = identify(call, i, out[i].handle);
  }
  return out;
}

std::vector<DeviceIdentity> identities(const std::vector<Listed>& listed) {
  std::vector<DeviceIdentity> out;
  for (const Listed& gpu : listed)
    if (gpu.status == kOk) out.push_back(gpu.identity);
  return out;
}

std::vector<std::string> gpus_on_bus(const std::string& root) {
  std::vector<std::string> out;
  std::error_code ignored;
  for (const auto& device : fs::directory_iterator(root + "/sys/bus/pci/devices", ignored)) {
    const std::string path = device.path();
    const auto kind = read_small(path + "/class").value_or("");
    const bool display = kind.starts_with("0x03") || kind.starts_with("0x12");
    if (display && read_small(path + "/vendor") == "0x10de") out.push_back(device.path().filename());
  }
  std::ranges::sort(out);
  return out;
}

std::optional<std::size_t> gpus_of_driver(const std::string& root) {
  std::error_code failure;
  fs::directory_iterator folder(root + "/proc/driver/nvidia/gpus", failure);
  if (failure) return std::nullopt;
  return static_cast<std::size_t>(std::distance(begin(folder), end(folder)));
}

}  // namespace ipw::telemetry::nvml
