// SPDX-License-Identifier: Apache-2.0
// What `ipw doctor` says about sensors: each one present, or absent with cause and remedy.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <iterator>

#include "ipw/base/text.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/collectors/amd.h"
#include "ipw/telemetry/collectors/apple.h"
#include "ipw/telemetry/collectors/rapl_zones.h"
#include "ipw/telemetry/cpu_model.h"
#include "ipw/telemetry/kept_file.h"
#include "ipw/telemetry/machine.h"
#include "ipw/telemetry/meminfo.h"
#include "ipw/telemetry/proc_stat.h"

namespace ipw::telemetry {

namespace {

namespace fs = std::filesystem;
using Statuses = std::vector<SensorStatus>;

bool exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool in_container(const std::string& root) {
  if (exists(root + "/.dockerenv") || exists(root + "/run/.containerenv")) return true;
  const auto groups = read_small(root + "/proc/1/cgroup").value_or("");
  return groups.find("docker") != std::string::npos || groups.find("kubepods") != std::string::npos;
}

SensorStatus rapl_absent(const std::string& root) {
  const std::string name = "RAPL";
  if (is_virtual_machine(root)) {
    return {name, false, "this is a virtual machine: the hypervisor does not pass the energy counters on",
            "run on bare metal, or use a monitor on the host; CPU energy is modelled here"};
  }
  if (exists(root + "/sys/class/powercap") && in_container(root)) {
    return {name, false, "/sys/class/powercap is masked in this container",
            "bind-mount /sys/devices/virtual/powercap of the host, or run the monitor outside the container"};
  }
  if (exists(root + "/sys/class/powercap")) {
    return {name, false,
            "/sys/class/powercap has no intel-rapl zone: the driver is not loaded, or the processor has none",
            "modprobe intel_rapl_msr"};
  }
  return {name, false, "/sys/class/powercap does not exist: the kernel has no powercap support",
          "use a kernel with CONFIG_POWERCAP and CONFIG_INTEL_RAPL"};
}

SensorStatus rapl_zone(const RaplZone& zone) {
  SensorStatus out{"RAPL " + zone.domain.name, false, {}, {}};
  KeptFile file(zone.path + "/energy_uj");
  const auto content = file.read();
  if (!content) {
    out.detail =
        fmt::format("{}: {} (errno {})", file.path(), std::strerror(content.error()), content.error());
    out.remedy = remedy(content.error());
    return out;
  }
  const auto value = parse_double(trim(*content));
  if (!value || *value < 0) {
    out.detail = fmt::format("{} does not hold a count of microjoules", file.path());
    out.remedy = "report the kernel version: the driver is at fault";
    return out;
  }
  out.present = true;
  out.detail = fmt::format("{:.1f} J", *value * 1e-6);
  if (zone.domain.wrap_joules)
    out.detail += fmt::format(", wraps at {:.0f} J", *zone.domain.wrap_joules);
  else
    out.detail += ", range unknown: a wrap will be taken for a reset";
  if (!zone.enabled) {
    out.detail += ", the zone is disabled and may not count";
    out.remedy = fmt::format("echo 1 > {}/enabled", zone.path);
  }
  return out;
}

bool diagnose_rapl(const std::string& root, Statuses& out) {
  bool package = false;
  const auto zones = find_rapl_zones(root);
  for (const RaplZone& zone : zones) {
    out.push_back(rapl_zone(zone));
    package = package || (out.back().present && zone.domain.scope == Scope::Package);
  }
  if (zones.empty()) out.push_back(rapl_absent(root));
  return package;
}

void diagnose_perf(const std::string& root, Statuses& out) {
  if (!exists(root + "/sys/bus/event_source/devices/power/type")) return;
  out.push_back(
      {"perf power PMU", false, "present; this build reads the same counters through powercap instead", {}});
}

void diagnose_host(const std::string& root, Statuses& out) {
  const auto meminfo = read_small(root + "/proc/meminfo");
  const auto used = meminfo ? used_memory_mb(*meminfo) : std::nullopt;
  if (used)
    out.push_back({"host memory", true, fmt::format("{:.0f} MiB in use", *used), {}});
  else if (meminfo)
    out.push_back({"host memory", false, "/proc/meminfo does not tell MemTotal", "mount the real /proc"});
  else
    out.push_back({"host memory", false, "/proc/meminfo cannot be read", "mount /proc"});

  const auto stat = read_small(root + "/proc/stat");
  if (!stat)
    out.push_back({"CPU load", false, "/proc/stat cannot be read", "mount /proc"});
  else if (!parse_cpu_times(*stat))
    out.push_back({"CPU load", false, "/proc/stat has no line 'cpu'", "mount the real /proc"});
  else
    out.push_back({"CPU load", true, "from /proc/stat, stolen time excluded", {}});
}

void diagnose_model(const std::string& root, bool package, Statuses& out) {
  if (package) {
    out.push_back({"CPU energy model", false, "not used: a package counter is there", {}});
    return;
  }
  const auto stat = read_small(root + "/proc/stat");
  if (!stat || !parse_cpu_times(*stat)) {
    out.push_back({"CPU energy model", false, "no CPU load to model from", "mount /proc"});
    return;
  }
  const auto machine = read_machine(root);
  const CpuPowerModel model(machine.cpu_brand, machine.cpu_count);
  out.push_back(
      {"CPU energy model", true,
       fmt::format("used, MODELLED: {:.1f} to {:.1f} W for {} CPUs of '{}', +-{:.0f} %", model.watts(0),
                   model.watts(1), machine.cpu_count, machine.cpu_brand, 100 * model.relative_half_width()),
       "make a package counter readable to measure instead"});
}

void append(Statuses& out, Statuses more) {
  out.insert(out.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

// The energy and power sensors of hwmon, by the name of their chip.
void diagnose_hwmon(const std::string& root, Statuses& out) {
  std::error_code ignored;
  for (const auto& chip : fs::directory_iterator(root + "/sys/class/hwmon", ignored)) {
    const std::string path = chip.path();
    const std::string name = read_small(path + "/name").value_or("unnamed");
    const bool energy = exists(path + "/energy1_input");
    if (!energy && !exists(path + "/power1_average") && !exists(path + "/power1_input")) continue;
    out.push_back(
        {"hwmon " + name,
         false,
         fmt::format("has a{} sensor, but this build has no hwmon collector", energy ? "n energy" : " power"),
         {}});
  }
}

}  // namespace

std::vector<SensorStatus> diagnose(const SourceOptions& options, Clock&) {
  const std::string& root = options.sysfs_root;
  Statuses out;
  const bool package = diagnose_rapl(root, out);
  diagnose_perf(root, out);
  diagnose_model(root, package, out);
  diagnose_host(root, out);
  append(out, diagnose_nvml(root));
  append(out, diagnose_gaudi(root));
  append(out, diagnose_amd(root));
  append(out, diagnose_apple(root));
  diagnose_hwmon(root, out);
  return out;
}

}  // namespace ipw::telemetry
