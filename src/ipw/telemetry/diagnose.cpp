// SPDX-License-Identifier: Apache-2.0
// What `ipw doctor` says about sensors: each one present, or absent with cause and remedy.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "ipw/base/registry.h"
#include "ipw/base/text.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/collectors/amd.h"
#include "ipw/telemetry/collectors/apple.h"
#include "ipw/telemetry/collectors/hwmon_chips.h"
#include "ipw/telemetry/collectors/rapl.h"
#include "ipw/telemetry/cpu_model.h"
#include "ipw/telemetry/kept_file.h"
#include "ipw/telemetry/machine.h"
#include "ipw/telemetry/meminfo.h"
#include "ipw/telemetry/proc_stat.h"

namespace ipw::telemetry {

namespace {

using Statuses = std::vector<SensorStatus>;

// Work of others is measured with ours: the load of the last minute tells whether there is any.
void diagnose_foreign_load(const std::string& root, Statuses& out) {
  constexpr double kQuietShare = 0.1, kQuiet = 0.5;
  const auto text = read_small(root + "/proc/loadavg");
  const auto load = text ? parse_double(text->substr(0, text->find(' '))) : std::nullopt;
  if (!load) return;
  const auto cpus = static_cast<double>(std::max<std::int64_t>(1, read_machine(root).cpu_count));
  const bool quiet = *load <= std::max(kQuiet, kQuietShare * cpus);
  out.push_back({"foreign load", true,
                 fmt::format("load average {} over a minute on {} CPUs: {}", *load, cpus,
                             quiet ? "the machine is quiet" : "other work runs here and is measured as well"),
                 quiet ? "" : "wait or stop it before a measurement (top shows it)",
                 quiet ? "host.quiet" : "host.busy"});
}

Statuses diagnose_host(const std::string& root) {
  Statuses out;
  const auto meminfo = read_small(root + "/proc/meminfo");
  const auto used = meminfo ? used_memory_mb(*meminfo) : std::nullopt;
  if (used) {
    out.push_back({"host memory", true, fmt::format("{:.0f} MiB in use", *used), {}, "host.reads"});
  } else if (meminfo) {
    out.push_back({"host memory", false, "/proc/meminfo does not tell MemTotal", "mount the real /proc",
                   "host.odd-proc"});
  } else {
    out.push_back({"host memory", false, "/proc/meminfo cannot be read", "mount /proc", "host.no-proc"});
  }
  const auto stat = read_small(root + "/proc/stat");
  if (!stat) {
    out.push_back({"CPU load", false, "/proc/stat cannot be read", "mount /proc", "host.no-proc"});
  } else if (!parse_cpu_times(*stat)) {
    out.push_back(
        {"CPU load", false, "/proc/stat has no line 'cpu'", "mount the real /proc", "host.odd-proc"});
  } else {
    out.push_back({"CPU load", true, "from /proc/stat, stolen time excluded", {}, "host.reads"});
  }
  diagnose_foreign_load(root, out);
  return out;
}

Statuses diagnose_model(const std::string& root, bool package) {
  if (package)
    return {{"CPU energy model", false, "not used: a package counter is there", {}, "model.not-needed"}};
  const auto stat = read_small(root + "/proc/stat");
  if (!stat || !parse_cpu_times(*stat))
    return {{"CPU energy model", false, "no CPU load to model from", "mount /proc", "model.no-load"}};
  const auto machine = read_machine(root);
  const CpuPowerModel model(machine.cpu_brand, machine.cpu_count);
  return {
      {"CPU energy model", true,
       fmt::format("used, MODELLED: {:.1f} to {:.1f} W for {} CPUs of '{}', +-{:.0f} %", model.watts(0),
                   model.watts(1), machine.cpu_count, machine.cpu_brand, 100 * model.relative_half_width()),
       "make a package counter readable to measure instead", "model.used"}};
}

}  // namespace

std::vector<SensorStatus> diagnose(const SourceOptions& options, Clock&) {
  const std::string& root = options.sysfs_root;
  for (const std::string& name : options.collectors)
    if (name != "auto") require("collector", collectors(), std::string_view(name).substr(0, name.find(':')));
  const auto wanted = [&](std::string_view collector) {
    return options.collectors.empty() ||
           std::ranges::any_of(options.collectors, [&](const std::string& name) {
             return std::string_view(name).substr(0, name.find(':')) == collector;
           });
  };
  Statuses out;
  const auto add = [&](std::string_view collector, Statuses found) {
    if (wanted(collector)) std::ranges::move(found, std::back_inserter(out));
  };
  bool package = false;
  add("rapl", diagnose_rapl(root, package));
  add("modelled", diagnose_model(root, package));
  add("host", diagnose_host(root));
  add("nvml", diagnose_nvml(root));
  add("gaudi", diagnose_gaudi(root));
  add("amd", diagnose_amd(root));
  add("apple", diagnose_apple(root));
  add("hwmon", diagnose_hwmon(root));
  return out;
}

}  // namespace ipw::telemetry
