// SPDX-License-Identifier: Apache-2.0
// What `ipw doctor` says about the counters of the processor.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "ipw/base/error.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/collectors/rapl.h"
#include "ipw/telemetry/collectors/rapl_perf.h"
#include "ipw/telemetry/collectors/rapl_zones.h"
#include "ipw/telemetry/kept_file.h"
#include "ipw/telemetry/surroundings.h"

namespace ipw::telemetry {

namespace {

namespace fs = std::filesystem;
using Statuses = std::vector<SensorStatus>;

// What opening an event says about the right to do so.
SensorStatus refused(const std::string& root, const Surroundings& around) {
  const int level = perf_paranoid(root);
  const Privileges rights = read_privileges(root);
  SensorStatus out{"perf power PMU", false, {}, {}, {}};
  if (level <= 0 || rights.perfmon) {
    out.situation = "perf.filtered";
    out.detail = fmt::format(
        "perf_event_open is refused although {}: a seccomp filter, a security module or kernel lockdown",
        level <= 0 ? fmt::format("kernel.perf_event_paranoid is {}", level) : "CAP_PERFMON is there");
    out.remedy = around.container ? "start the container with --security-opt seccomp=PROFILE that allows "
                                    "perf_event_open, or run ipw-monitor on the host"
                                  : "allow perf_event_open (systemd: SystemCallFilter=perf_event_open)";
    return out;
  }
  out.situation = level > 2 ? "perf.paranoid-distribution" : "perf.paranoid";
  out.detail = fmt::format("kernel.perf_event_paranoid is {} and CAP_PERFMON is missing", level);
  if (level > 2) out.detail += " (a level of the distribution: it forbids all events)";
  if (rights.user_namespace) {
    out.situation = "perf.user-namespace";
    out.detail += "; capabilities of a user namespace do not count";
    out.remedy = "run ipw-monitor on the host, and give its socket to the container";
    return out;
  }
  if (around.container) {
    out.remedy =
        "start the container with --cap-add PERFMON, or run ipw-monitor on the host and pass its socket";
    return out;
  }
  const char* capability = around.kernel_before(5, 8) ? "cap_sys_admin" : "cap_perfmon";
  out.remedy = fmt::format(
      "sudo setcap {}+ep $(command -v ipw), or sudo sysctl kernel.perf_event_paranoid=0, or run ipw-monitor "
      "as a "
      "service (docs/guide/privileges.md)",
      capability);
  return out;
}

SensorStatus unopened(const std::string& root, const Surroundings& around, const PerfZone& zone, int error) {
  if (error == EACCES || error == EPERM) return refused(root, around);
  SensorStatus out{"perf power PMU", false, {}, {}, "perf.unavailable"};
  out.detail = fmt::format("event {} on CPU {}: {} (errno {})", zone.event.name, zone.event.cpu,
                           std::strerror(error), error);
  if (error == ENOSYS) {
    out.situation = "perf.no-syscall";
    out.remedy = "use a kernel with CONFIG_PERF_EVENTS, or a seccomp profile that knows perf_event_open";
  }
  return out;
}

SensorStatus no_pmu(const Surroundings& around) {
  SensorStatus out{"perf power PMU", false, "the kernel offers no PMU 'power'", {}, "perf.no-pmu"};
  if (around.cpu == CpuVendor::Amd && around.kernel_before(5, 8)) {
    out.remedy = "use kernel 5.8 or newer";
  } else {
    out.remedy = "sudo modprobe rapl";
  }
  return out;
}

// True when a package counts through perf.
bool diagnose_perf(const std::string& root, const Surroundings& around, bool has_zones, Statuses& out) {
  const auto zones = find_perf_zones(root, false);
  if (zones.empty()) {
    if (has_zones) out.push_back(no_pmu(around));
    return false;
  }
  const auto backend = perf_backend(root);
  if (!backend) {
    out.push_back({"perf power PMU",
                   false,
                   "in this recorded tree, without counts of its own",
                   {},
                   "perf.not-recorded"});
    return false;
  }
  bool package = false;
  for (const PerfZone& zone : zones) {
    const auto handle = backend->open(zone.event, -1);
    if (!handle) {
      out.push_back(unopened(root, around, zone, handle.error()));
      if (handle.error() == EACCES || handle.error() == EPERM) break;  // the same for all
      continue;
    }
    backend->close(*handle);
    package = package || zone.domain.scope == Scope::Package;
    SensorStatus line{"perf " + zone.domain.name, true, {}, {}, "perf.counts"};
    line.detail = fmt::format("{} on CPU {}, 64 bit: never wraps", zone.event.name, zone.event.cpu);
    if (zone.domain.step_joules >= 0.1) {
      line.situation = "rapl.coarse";
      line.detail +=
          fmt::format("; counts in steps of {:g} J: only for windows of minutes", zone.domain.step_joules);
    }
    if (around.virtual_machine) {
      line.situation = "perf.virtual-machine";
      line.detail += "; in a virtual machine it may stand still";
      line.remedy = "see whether it moves: ipw telemetry --collector rapl";
    }
    out.push_back(std::move(line));
  }
  return package;
}

// Links of /sys/class/powercap that lead nowhere: the folder behind them is covered.
bool has_dangling_zone(const std::string& root) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(root + "/sys/class/powercap", ignored)) {
    if (entry.is_symlink(ignored) && !fs::exists(entry.path(), ignored)) return true;
  }
  return false;
}

SensorStatus masked() {
  return {"RAPL", false, "/sys/devices/virtual/powercap is masked in this container",
          "docker run --mount "
          "type=bind,source=/sys/devices/virtual/powercap,target=/sys/devices/virtual/powercap,readonly "
          "..., or run ipw-monitor on the host and pass its socket",
          "rapl.masked"};
}

SensorStatus no_driver(const Surroundings& around, bool has_powercap) {
  if (around.cpu == CpuVendor::Amd && around.cpu_family >= 25 && around.kernel_before(5, 11)) {
    return {"RAPL", false,
            fmt::format("kernel {} does not know the counters of this AMD processor", around.kernel),
            "use kernel 5.11 or newer", "rapl.amd-kernel"};
  }
  if (around.cpu == CpuVendor::Amd && around.kernel_before(5, 8)) {
    return {"RAPL", false, fmt::format("kernel {} has no RAPL driver for AMD", around.kernel),
            "use kernel 5.8 or newer", "rapl.amd-kernel"};
  }
  if (has_powercap) {
    return {"RAPL", false,
            "/sys/class/powercap has no intel-rapl zone: the driver is not loaded, or the processor has none",
            "sudo modprobe intel_rapl_msr (newest servers: intel_rapl_tpmi)", "rapl.no-driver"};
  }
  return {"RAPL", false, "/sys/class/powercap does not exist: the kernel has no powercap support",
          "use a kernel with CONFIG_POWERCAP and CONFIG_INTEL_RAPL", "rapl.no-powercap"};
}

SensorStatus absent(const std::string& root, const Surroundings& around) {
  std::error_code ignored;
  const bool has_powercap = fs::exists(root + "/sys/class/powercap", ignored);
  if (around.wsl) {
    return {"RAPL", false, "this is WSL: Windows does not pass the energy counters on",
            "measure on native Linux; CPU energy is modelled here", "rapl.wsl"};
  }
  if (has_dangling_zone(root)) return masked();
  if (around.virtual_machine) {
    return {"RAPL", false, "this is a virtual machine: the hypervisor does not pass the energy counters on",
            "run on bare metal, or use a monitor on the host; CPU energy is modelled here",
            "rapl.virtual-machine"};
  }
  if (around.cpu == CpuVendor::Arm) {
    return {"RAPL", false, "an Arm processor has no RAPL; boards that measure do so through hwmon",
            "see the hwmon lines, or use a power meter", "rapl.arm"};
  }
  if (has_powercap && around.container) return masked();
  return no_driver(around, has_powercap);
}

SensorStatus unreadable(const RaplZone& zone, int error) {
  SensorStatus out{"RAPL " + zone.domain.name, false, {}, remedy(error), "rapl.unreadable"};
  out.detail = fmt::format("{}/energy_uj: {} (errno {})", zone.path, std::strerror(error), error);
  if (cause_of(error) != Cause::Denied) return out;
  out.situation = "rapl.denied";
  out.remedy =
      "sudo setcap cap_dac_read_search+ep $(command -v ipw), or packaging/udev for one group, or run "
      "ipw-monitor as "
      "a service (docs/guide/privileges.md)";
  return out;
}

void tell_disabled(const RaplZone& zone, const Surroundings& around, SensorStatus& out) {
  out.situation = "rapl.disabled";
  out.detail += ", the zone is disabled and may not count";
  out.remedy = fmt::format("echo 1 | sudo tee {}/enabled", zone.path);
  if (!around.read_only_sys) return;
  out.situation = "rapl.disabled-read-only";
  out.detail += "; /sys is read-only here";
  out.remedy = fmt::format("on the host: {}", out.remedy);
}

SensorStatus diagnose_zone(const RaplZone& zone, const Surroundings& around) {
  KeptFile raw(zone.path + "/energy_uj");
  if (const auto content = raw.read(); !content) return unreadable(zone, content.error());
  NumberFile file(raw.path(), "a count of microjoules");
  const auto value = file.read();
  SensorStatus out{"RAPL " + zone.domain.name, false, {}, {}, "rapl.garbage"};
  if (!value) {
    out.detail = value.error().reason;
    out.remedy = "report the kernel version: the driver is at fault";
    return out;
  }
  out.present = true;
  out.situation = "rapl.counts";
  out.detail = fmt::format("{:.1f} J", *value * 1e-6);
  if (zone.domain.wrap_joules) {
    out.detail += fmt::format(", wraps at {:.0f} J", *zone.domain.wrap_joules);
  } else {
    out.situation = "rapl.no-range";
    out.detail += ", range unknown: a wrap will be taken for a reset";
  }
  if (zone.domain.step_joules >= 0.1) {
    out.situation = "rapl.coarse";
    out.detail +=
        fmt::format(", counts in steps of {:g} J: only for windows of minutes", zone.domain.step_joules);
  }
  if (!zone.enabled) tell_disabled(zone, around, out);
  return out;
}

// Only opening the collector shows which counters repeat each other.
void diagnose_mirrors(const std::string& root, Statuses& out) {
  try {
    const auto collector = make_rapl({root, ""});
    for (const Domain& domain : collector->domains()) {
      if (domain.note.find("counted once") == std::string::npos) continue;
      out.push_back({"RAPL " + domain.name, true, domain.note, {}, "rapl.mirror"});
    }
  } catch (const Error&) {  // nothing to read, which has been told
  }
}

}  // namespace

std::vector<SensorStatus> diagnose_rapl(const std::string& root, bool& package) {
  const Surroundings around = read_surroundings(root);
  const auto zones = find_rapl_zones(root);
  Statuses out;
  package = diagnose_perf(root, around, !zones.empty(), out);
  const bool any_perf = std::ranges::any_of(out, &SensorStatus::present);
  bool has_package = package, psys = false;
  for (const RaplZone& zone : zones) {
    out.push_back(diagnose_zone(zone, around));
    const bool here = out.back().present;
    has_package = has_package || zone.domain.scope == Scope::Package;
    package = package || (here && zone.domain.scope == Scope::Package);
    psys = psys || (here && zone.domain.scope == Scope::Psys);
  }
  if (zones.empty() && !any_perf) out.push_back(absent(root, around));
  if (psys && !has_package) {
    out.push_back({"RAPL package", false,
                   "only the platform (psys) is counted, which holds more than the CPU",
                   "compare with figures of scope psys alone", "rapl.psys-only"});
  }
  diagnose_mirrors(root, out);
  return out;
}

}  // namespace ipw::telemetry
