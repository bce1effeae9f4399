// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "ipw/base/text.h"
#include "ipw/telemetry/collectors/amd.h"
#include "ipw/telemetry/kept_file.h"

namespace ipw::telemetry {

namespace {

// "KEY=value" or "KEY: value" of the first line that begins with the key.
std::string field(const std::string& path, std::string_view key, char separator) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto at = line.find(separator);
    if (at == std::string::npos || trim(std::string_view(line).substr(0, at)) != key) continue;
    std::string_view value = trim(std::string_view(line).substr(at + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    return std::string(value);
  }
  return {};
}

std::int64_t count_cpus(const std::string& path) {
  std::ifstream file(path);
  std::int64_t count = 0;
  for (std::string line; std::getline(file, line);) count += line.starts_with("processor");
  return count;
}

// The first card's name, or "NAME x4" where all have the same one.
void add_amd_gpus(const std::string& root, records::MachineInfo& out) {
  std::string ignored;
  std::int64_t same = 0, all = 0;
  std::string name;
  for (const AmdFacts& card : make_amd_sysfs(root)->devices(ignored)) {
    if (all++ == 0) name = card.name;
    same += card.name == name;
  }
  if (all == 0 || out.gpu_name) return;
  out.gpu_name = all == 1      ? name
                 : same == all ? fmt::format("{} x{}", name, all)
                               : fmt::format("AMD ({} GPUs)", all);
  out.gpu_vendor = "AMD";
  out.gpu_backend = "amdgpu";
}

}  // namespace

records::MachineInfo read_machine(const std::string& root) {
  records::MachineInfo out;
  out.os_name = field(root + "/etc/os-release", "NAME", '=');
  if (out.os_name.empty()) out.os_name = read_small(root + "/proc/sys/kernel/ostype").value_or("");
  out.os_version = field(root + "/etc/os-release", "VERSION_ID", '=');
  out.kernel_version = read_small(root + "/proc/sys/kernel/osrelease").value_or("");
  out.host_name = read_small(root + "/proc/sys/kernel/hostname").value_or("");
  // Arm kernels have no "model name"; boards tell their own name instead.
  for (const std::string_view key : {"model name", "Model", "Hardware"}) {
    if (out.cpu_brand.empty()) out.cpu_brand = field(root + "/proc/cpuinfo", key, ':');
  }
  out.cpu_count = count_cpus(root + "/proc/cpuinfo");
  add_amd_gpus(root, out);
  return out;
}

void add_accelerators(const Accelerators& found, records::MachineInfo& machine) {
  const auto count = found.names.size();
  if (count == 0 || machine.gpu_name) return;
  const bool alike =
      std::ranges::all_of(found.names, [&](const auto& name) { return name == found.names[0]; });
  machine.gpu_name =
      alike ? fmt::format("{} x{}", found.names[0], count) : fmt::format("{} ({} GPUs)", found.vendor, count);
  machine.gpu_vendor = found.vendor;
  machine.gpu_backend = found.backend;
  machine.gpu_count = static_cast<std::int64_t>(count);
  if (!found.driver.empty()) machine.gpu_driver = found.driver;
}

bool is_virtual_machine(const std::string& root) {
  const std::string flags = " " + field(root + "/proc/cpuinfo", "flags", ':') + " ";
  return flags.find(" hypervisor ") != std::string::npos;
}

}  // namespace ipw::telemetry
