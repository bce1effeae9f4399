// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ipw/telemetry/source.h"

namespace ipw::telemetry {
namespace {

struct Situation {
  const char* fixture;
  const char* sensor;
  bool present;
  const char* detail;
  const char* remedy;
};

class Doctor : public testing::TestWithParam<Situation> {};

TEST_P(Doctor, names_the_cause_and_the_remedy) {
  const auto& [fixture, sensor, present, detail, remedy] = GetParam();
  VirtualClock clock;
  SourceOptions options;
  options.sysfs_root = std::string(IPW_SOURCE_DIR) + "/tests/fixtures/sysfs/" + fixture;
  bool found = false;
  for (const SensorStatus& status : diagnose(options, clock)) {
    if (status.sensor != sensor) continue;
    found = true;
    EXPECT_EQ(status.present, present);
    EXPECT_NE(status.detail.find(detail), std::string::npos) << status.detail;
    EXPECT_NE(status.remedy.find(remedy), std::string::npos) << status.remedy;
  }
  EXPECT_TRUE(found) << sensor;
}

INSTANTIATE_TEST_SUITE_P(
    Situations, Doctor,
    testing::Values(Situation{"two-sockets", "RAPL package-1", true, "5.0 J, wraps at 262143 J", ""},
                    Situation{"two-sockets", "CPU energy model", false, "a package counter is there", ""},
                    Situation{"two-sockets", "perf power PMU", false, "through powercap instead", ""},
                    Situation{"laptop-psys", "RAPL package-0", true, "disabled", "echo 1"},
                    Situation{"unreadable", "RAPL package-0", false, "errno", ""},
                    Situation{"garbage", "RAPL package-0", false, "does not hold a count", "report"},
                    Situation{"no-range", "RAPL package-0", true, "range unknown", ""},
                    Situation{"virtual-machine", "RAPL", false, "virtual machine", "bare metal"},
                    Situation{"virtual-machine", "CPU energy model", true, "MODELLED", "readable"},
                    Situation{"container-masked", "RAPL", false, "masked", "bind-mount"},
                    Situation{"no-driver", "RAPL", false, "no intel-rapl zone", "modprobe"},
                    Situation{"no-powercap", "RAPL", false, "no powercap support", "CONFIG_POWERCAP"},
                    Situation{"no-powercap", "NVIDIA GPU", false, "its library is not there", "install"},
                    Situation{"no-powercap", "AMD GPU", false, "shows no card of AMD", "--monitor"},
                    Situation{"no-powercap", "hwmon acpi_power_meter", false, "power sensor", ""},
                    Situation{"nothing", "CPU load", false, "/proc/stat cannot be read", "mount /proc"},
                    Situation{"nothing", "host memory", false, "/proc/meminfo cannot be read", "mount /proc"},
                    Situation{"nothing", "CPU energy model", false, "no CPU load", "mount /proc"}));

}  // namespace
}  // namespace ipw::telemetry
