// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/surroundings.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "ipw/base/text.h"
#include "ipw/telemetry/kept_file.h"
#include "ipw/telemetry/machine.h"

namespace ipw::telemetry {

namespace {

namespace fs = std::filesystem;

bool exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// A line "DEVICE FOLDER TYPE OPTIONS ..." of /proc/mounts.
struct Mount {
  std::string_view folder, type, options;
};

template <class Test>
bool any_mount(const std::string& root, const Test& test) {
  std::ifstream file(root + "/proc/mounts");
  for (std::string line; std::getline(file, line);) {
    const auto words = split(line, ' ');
    if (words.size() >= 4 && test(Mount{words[1], words[2], words[3]})) return true;
  }
  return false;
}

bool is_container(const std::string& root) {
  if (exists(root + "/.dockerenv") || exists(root + "/run/.containerenv")) return true;
  const auto groups = read_small(root + "/proc/1/cgroup").value_or("");
  if (groups.find("docker") != std::string::npos || groups.find("kubepods") != std::string::npos) return true;
  return any_mount(root, [](const Mount& m) { return m.folder == "/" && m.type == "overlay"; });
}

void read_cpu(const std::string& root, Surroundings& out) {
  std::ifstream file(root + "/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string_view key = trim(std::string_view(line).substr(0, colon));
    const std::string_view value = trim(std::string_view(line).substr(colon + 1));
    if (key == "CPU implementer") out.cpu = CpuVendor::Arm;
    if (key == "vendor_id" && value == "GenuineIntel") out.cpu = CpuVendor::Intel;
    if (key == "vendor_id" && (value == "AuthenticAMD" || value == "HygonGenuine")) out.cpu = CpuVendor::Amd;
    if (key == "cpu family") out.cpu_family = static_cast<int>(parse_int(value).value_or(0));
  }
}

}  // namespace

bool Surroundings::kernel_before(int major, int minor) const {
  int a = 0, b = 0;
  if (std::sscanf(kernel.c_str(), "%d.%d", &a, &b) != 2) return false;
  return a < major || (a == major && b < minor);
}

Surroundings read_surroundings(const std::string& root) {
  Surroundings out;
  out.has_proc = exists(root + "/proc/stat") || exists(root + "/proc/meminfo");
  out.kernel = read_small(root + "/proc/sys/kernel/osrelease").value_or("");
  const std::string kernel = to_lower_ascii(out.kernel);
  out.wsl = kernel.find("microsoft") != std::string::npos || kernel.find("wsl") != std::string::npos;
  out.virtual_machine = is_virtual_machine(root);
  out.container = is_container(root);
  out.read_only_sys = any_mount(root, [](const Mount& m) {
    return m.folder == "/sys" && (m.options == "ro" || m.options.starts_with("ro,"));
  });
  read_cpu(root, out);
  return out;
}

}  // namespace ipw::telemetry
