// SPDX-License-Identifier: Apache-2.0
// Folders that look like /sys, /proc and /etc of some machine.
#pragma once
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "ipw/telemetry/counter.h"
#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

/// A tree below the temporary folder, removed at its end.
class Tree {
 public:
  explicit Tree(const std::string& name)
      : path_(std::filesystem::temp_directory_path() / fmt::format("ipw-tree-{}-{}", ::getpid(), name)) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~Tree() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  std::string root() const { return path_.string(); }
  std::string at(const std::string& path) const { return (path_ / path).string(); }

  Tree& file(const std::string& path, const std::string& content) {
    std::filesystem::create_directories((path_ / path).parent_path());
    std::ofstream(path_ / path, std::ios::binary) << content;
    return *this;
  }
  Tree& number(const std::string& path, std::int64_t value) {
    return file(path, std::to_string(value) + "\n");
  }
  Tree& folder(const std::string& path) {
    std::filesystem::create_directories(path_ / path);
    return *this;
  }
  Tree& link(const std::string& path, const std::string& target) {
    std::filesystem::create_directories((path_ / path).parent_path());
    std::filesystem::create_symlink(target, path_ / path);
    return *this;
  }
  Tree& remove(const std::string& path) {
    std::filesystem::remove_all(path_ / path);
    return *this;
  }

  /// A processor, and a kernel that runs.
  Tree& cpu(const std::string& vendor, int family, int model, const std::string& brand,
            const std::string& kernel = "6.1.0-18-amd64", const std::string& flags = "fpu vme") {
    file("proc/cpuinfo",
         fmt::format("processor\t: 0\nvendor_id\t: {}\ncpu family\t: {}\nmodel\t\t: {}\nmodel "
                     "name\t: {}\nflags\t\t: {}\n\n",
                     vendor, family, model, brand, flags));
    file("proc/stat", "cpu  100 0 0 100 0 0 0 0 0 0\n");
    file("proc/meminfo", "MemTotal: 16384000 kB\nMemAvailable: 8192000 kB\n");
    file("proc/sys/kernel/osrelease", kernel + "\n");
    return capabilities(0);
  }
  Tree& intel() { return cpu("GenuineIntel", 6, 85, "Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz"); }
  Tree& capabilities(std::uint64_t bits) {
    file("proc/self/status", fmt::format("Name:\tipw\nCapEff:\t{:016x}\n", bits));
    return file("proc/self/uid_map", "         0          0 4294967295\n");
  }

  static std::string zone_folder(const std::string& id) { return "sys/class/powercap/" + id; }
  Tree& zone(const std::string& id, const std::string& name, std::int64_t microjoules,
             std::int64_t range = 262143328850) {
    file(zone_folder(id) + "/name", name + "\n");
    number(zone_folder(id) + "/max_energy_range_uj", range);
    return energy(id, microjoules);
  }
  Tree& energy(const std::string& id, std::int64_t microjoules) {
    return number(zone_folder(id) + "/energy_uj", microjoules);
  }

  /// The PMU "power" with some of cores pkg ram gpu psys, on CPUs each of which is of a package and a die.
  struct Place {
    int cpu, package, die;
  };
  Tree& power_pmu(const std::vector<std::string>& events, const std::vector<Place>& places, int paranoid) {
    const std::string pmu = "sys/bus/event_source/devices/power/";
    static const std::vector<std::string> kAll{"", "cores", "pkg", "ram", "gpu", "psys"};
    number(pmu + "type", 21);
    std::string mask;
    for (const Place& p : places) {
      mask += (mask.empty() ? "" : ",") + std::to_string(p.cpu);
      const std::string topology = fmt::format("sys/devices/system/cpu/cpu{}/topology/", p.cpu);
      number(topology + "physical_package_id", p.package);
      number(topology + "die_id", p.die);
    }
    file(pmu + "cpumask", mask + "\n");
    for (const std::string& event : events) {
      const auto config = std::find(kAll.begin(), kAll.end(), event) - kAll.begin();
      file(pmu + "events/energy-" + event, fmt::format("event=0x{:02x}\n", config));
      file(pmu + "events/energy-" + event + ".scale", "2.3283064365386962890625e-10\n");
      file(pmu + "events/energy-" + event + ".unit", "Joules\n");
    }
    return number("proc/sys/kernel/perf_event_paranoid", paranoid);
  }
  /// What an event of a tree counts, in joules.
  Tree& perf_joules(int cpu, const std::string& event, double joules) {
    return number(fmt::format("perf/power/cpu{}/energy-{}", cpu, event),
                  static_cast<std::int64_t>(joules * 4294967296.0));
  }

  Tree& hwmon(int n, const std::string& chip,
              const std::vector<std::pair<std::string, std::string>>& attributes) {
    const std::string folder = fmt::format("sys/class/hwmon/hwmon{}/", n);
    file(folder + "name", chip + "\n");
    for (const auto& [name, value] : attributes) file(folder + name, value + "\n");
    return *this;
  }

 private:
  std::filesystem::path path_;
};

/// What the counter algebra adds up of the readings of one domain.
class CounterTotal {
 public:
  explicit CounterTotal(const Domain& domain)
      : counter_({domain.wrap_joules, domain.cap_watts, domain.update_seconds}) {}
  void feed(const Sample& sample, std::uint32_t domain) {
    for (const Reading& reading : sample.readings) {
      if (reading.domain != domain || !reading.energy_joules) continue;
      const CounterStep step = counter_.feed(reading.mid, *reading.energy_joules);
      joules += step.joules;
      if (step.kind == CounterStep::Kind::Wrap) ++wraps;
    }
  }
  double joules = 0;
  int wraps = 0;

 private:
  Counter counter_;
};

}  // namespace ipw::telemetry
