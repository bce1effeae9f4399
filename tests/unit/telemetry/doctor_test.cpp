// SPDX-License-Identifier: Apache-2.0
// `ipw doctor` on machines with one thing wrong each: what is recognised, the cause and the remedy.
// Processor, boards and host; accelerators have tests of their own.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <set>

#include "ipw/base/files.h"
#include "ipw/base/text.h"
#include "ipw/telemetry/source.h"
#include "support/goal.h"
#include "support/golden.h"
#include "unit/telemetry/tree.h"

namespace ipw::telemetry {
namespace {

struct Situation {
  std::string name, recognised;
  std::function<void(Tree&)> build;
};

std::ostream& operator<<(std::ostream& out, const Situation& s) {
  return out << s.name;
}

void one_event(Tree& t, int paranoid) {
  t.intel().power_pmu({"pkg"}, {{0, 0, 0}}, paranoid).perf_joules(0, "pkg", 1);
  t.zone("intel-rapl:0", "package-0", 1'000'000);
}

void two_dies(Tree& t) {
  t.cpu("AuthenticAMD", 23, 8, "AMD Ryzen Threadripper 2950X");
  t.zone("intel-rapl:0", "package-0-die-0", 125'000'000).zone("intel-rapl:1", "package-0-die-1", 125'000'000);
}

const std::vector<Situation>& situations() {
  static const std::vector<Situation> all{
      {"virtual-machine", "rapl.virtual-machine",
       [](Tree& t) { t.cpu("GenuineIntel", 6, 85, "Intel Xeon", "6.1.0", "fpu hypervisor"); }},
      {"container-masked", "rapl.masked",
       [](Tree& t) {
         t.intel().file(".dockerenv", "");
         t.link("sys/class/powercap/intel-rapl:0", "../../devices/virtual/powercap/intel-rapl:0");
       }},
      {"no-powercap", "rapl.no-powercap", [](Tree& t) { t.intel(); }},
      {"module-not-loaded", "rapl.no-driver", [](Tree& t) { t.intel().folder("sys/class/powercap"); }},
      {"energy-unreadable", "rapl.unreadable",
       [](Tree& t) {
         t.intel()
             .zone("intel-rapl:0", "package-0", 1)
             .remove(Tree::zone_folder("intel-rapl:0") + "/energy_uj");
       }},
      {"perf-paranoid-2", "perf.paranoid", [](Tree& t) { one_event(t, 2); }},
      {"perf-paranoid-3", "perf.paranoid-distribution", [](Tree& t) { one_event(t, 3); }},
      {"perf-paranoid-4", "perf.paranoid-distribution", [](Tree& t) { one_event(t, 4); }},
      {"perf-old-kernel", "perf.paranoid",
       [](Tree& t) {
         one_event(t, 2);
         t.file("proc/sys/kernel/osrelease", "5.4.0-generic\n");
       }},
      {"perf-user-namespace", "perf.user-namespace",
       [](Tree& t) {
         one_event(t, 2);
         t.capabilities(~0ULL).file("proc/self/uid_map", "0 100000 65536\n");
       }},
      {"perf-filtered", "perf.filtered",
       [](Tree& t) {
         one_event(t, 0);
         t.file("perf/power/cpu0/energy-pkg", "errno 1\n").file(".dockerenv", "");
       }},
      {"perf-no-syscall", "perf.no-syscall",
       [](Tree& t) {
         one_event(t, 0);
         t.file("perf/power/cpu0/energy-pkg", "errno 38\n");
       }},
      {"perf-no-pmu", "perf.no-pmu", [](Tree& t) { t.intel().zone("intel-rapl:0", "package-0", 1'000'000); }},
      {"perf-counts", "perf.counts", [](Tree& t) { one_event(t, 0); }},
      {"perf-virtual-machine", "perf.virtual-machine",  // an H200 machine under Firecracker
       [](Tree& t) {
         t.cpu("GenuineIntel", 6, 143, "Intel(R) Xeon(R) Processor", "6.18.44", "fpu hypervisor");
         t.power_pmu({"psys"}, {{0, 0, 0}}, 0).perf_joules(0, "psys", 0);
       }},
      {"psys-coarse", "rapl.coarse",
       [](Tree& t) {
         t.cpu("GenuineIntel", 6, 143, "Intel(R) Xeon(R) Platinum 8480+");
         t.zone("intel-rapl:0", "psys", 7'000'000, 4294967295000000)
             .zone("intel-rapl:1", "package-0", 1'000'000);
       }},
      {"zone-disabled", "rapl.disabled",
       [](Tree& t) {
         t.intel().zone("intel-rapl:0", "package-0", 1'000'000);
         t.file(Tree::zone_folder("intel-rapl:0") + "/enabled", "0\n");
       }},
      {"sys-read-only", "rapl.disabled-read-only",
       [](Tree& t) {
         t.intel().zone("intel-rapl:0", "package-0", 1'000'000);
         t.file(Tree::zone_folder("intel-rapl:0") + "/enabled", "0\n");
         t.file("proc/mounts", "sysfs /sys sysfs ro,nosuid,nodev 0 0\n");
       }},
      {"psys-only", "rapl.psys-only", [](Tree& t) { t.intel().zone("intel-rapl:3", "psys", 9'000'000); }},
      {"amd-old-kernel", "rapl.amd-kernel",
       [](Tree& t) {
         t.cpu("AuthenticAMD", 25, 1, "AMD EPYC 7763", "5.10.0-28-amd64").folder("sys/class/powercap");
       }},
      {"arm", "rapl.arm",
       [](Tree& t) {
         t.file("proc/cpuinfo", "processor\t: 0\nCPU implementer\t: 0x41\n");
         t.file("proc/stat", "cpu  1 0 0 1 0 0 0 0\n")
             .file("proc/meminfo", "MemTotal: 2048 kB\nMemAvailable: 1024 kB\n");
       }},
      {"wsl", "rapl.wsl",
       [](Tree& t) {
         t.cpu("GenuineIntel", 6, 154, "12th Gen Intel(R) Core(TM) i7-12700H",
               "5.15.153.1-microsoft-standard-WSL2", "fpu hypervisor");
       }},
      {"range-unknown", "rapl.no-range",
       [](Tree& t) {
         t.intel().zone("intel-rapl:0", "package-0", 1'000'000);
         t.remove(Tree::zone_folder("intel-rapl:0") + "/max_energy_range_uj");
       }},
      {"counter-garbage", "rapl.garbage",
       [](Tree& t) {
         t.intel()
             .zone("intel-rapl:0", "package-0", 1)
             .file(Tree::zone_folder("intel-rapl:0") + "/energy_uj", "abc\n");
       }},
      {"dies-mirrored", "rapl.mirror", two_dies},
      {"acpi-meter-hidden", "hwmon.acpi-meter",
       [](Tree& t) { t.intel().folder("sys/bus/acpi/devices/ACPI000D:00"); }},
      {"jetson-without-ina", "hwmon.jetson",
       [](Tree& t) {
         t.file("proc/device-tree/model", std::string("NVIDIA Jetson Orin NX\0", 22));
         t.file("proc/cpuinfo", "processor\t: 0\nCPU implementer\t: 0x41\n");
       }},
      {"intel-gpu-without-counter", "hwmon.intel-gpu",
       [](Tree& t) {
         t.intel().file("sys/class/drm/card0/device/uevent", "DRIVER=i915\nPCI_CLASS=30000\n");
       }},
      {"gpu-asleep", "hwmon.asleep",
       [](Tree& t) {
         t.intel().hwmon(0, "i915", {{"energy1_input", "5"}});
         t.file("sys/class/hwmon/hwmon0/device/power/runtime_status", "suspended\n");
       }},
      {"unknown-chip", "hwmon.unknown-chip",
       [](Tree& t) {
         t.intel().hwmon(0, "mystery", {{"power1_input", "4000000"}, {"power1_label", "vdd"}});
       }},
      {"hwmon-alternative", "hwmon.alternative",
       [](Tree& t) {
         t.intel().zone("intel-rapl:0", "package-0", 1'000'000);
         t.hwmon(0, "amd_energy", {{"energy1_label", "Esocket0"}, {"energy1_input", "7000000"}});
       }},
      {"nothing", "host.no-proc", [](Tree& t) { t.folder("sys"); }},
      {"foreign-load", "host.busy",
       [](Tree& t) { t.intel().file("proc/loadavg", "3.41 2.00 1.00 5/321 4711\n"); }},
      {"no-foreign-load", "host.quiet",
       [](Tree& t) { t.intel().file("proc/loadavg", "0.08 0.02 0.01 1/99 12\n"); }},
      {"model-used", "model.used", [](Tree& t) { t.intel(); }},
  };
  return all;
}

std::string report(const std::string& root, std::set<std::string>& recognised) {
  VirtualClock clock;
  SourceOptions options;
  options.sysfs_root = root;
  options.collectors = {"host", "hwmon", "modelled", "rapl"};
  std::string out;
  for (const SensorStatus& s : diagnose(options, clock)) {
    out += fmt::format("{} {}: {} [{}]\n", s.present ? "present" : "absent", s.sensor, s.detail, s.situation);
    if (!s.remedy.empty()) out += fmt::format("    remedy: {}\n", s.remedy);
    recognised.insert(s.situation);
  }
  return replace_all(out, root, "");
}

class Doctor : public testing::TestWithParam<Situation> {};

TEST_P(Doctor, P6_names_the_cause_and_the_exact_remedy) {
  const auto& [name, recognised, build] = GetParam();
  Tree tree("doctor-" + name);
  build(tree);
  std::set<std::string> found;
  const std::string text = report(tree.root(), found);
  EXPECT_TRUE(found.contains(recognised)) << text;
  expect_golden("doctor/" + name + ".txt", text);
}

std::string name_of(const testing::TestParamInfo<Situation>& info) {
  return replace_all(info.param.name, "-", "_");
}
INSTANTIATE_TEST_SUITE_P(Machines, Doctor, testing::ValuesIn(situations()), name_of);

TEST(DoctorGoal, P6_recognises_at_least_fifteen_situations) {
  std::set<std::string> recognised, expected;
  for (const Situation& s : situations()) {
    Tree tree("doctor-goal");
    s.build(tree);
    std::set<std::string> found;
    report(tree.root(), found);
    if (found.contains(s.recognised)) recognised.insert(s.recognised);
    expected.insert(s.recognised);
  }
  EXPECT_EQ(recognised, expected);
  EXPECT_GE(recognised.size(), 15U);
  report_goal(
      "P6", recognised.size() >= 15 && recognised == expected,
      fmt::format("{} distinct situations of CPU, boards and host recognised, each with cause and remedy",
                  recognised.size()));
}

TEST(DoctorFilter, C5_shows_only_the_collectors_that_were_asked_for) {
  Tree tree("filter");
  tree.intel().zone("intel-rapl:0", "package-0", 1'000'000);
  SourceOptions options;
  options.sysfs_root = tree.root();
  options.collectors = {"host"};
  VirtualClock clock;
  const auto found = diagnose(options, clock);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].sensor, "host memory");
}

}  // namespace
}  // namespace ipw::telemetry
