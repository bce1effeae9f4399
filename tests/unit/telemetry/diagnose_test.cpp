// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ipw/telemetry/source.h"

namespace ipw::telemetry {
namespace {

struct FixtureSituation {
  const char* fixture;
  const char* sensor;
  bool present;
  const char* detail;
  const char* remedy;
};

class DoctorFixture : public testing::TestWithParam<FixtureSituation> {};

TEST_P(DoctorFixture, names_the_cause_and_the_remedy) {
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
    Situations, DoctorFixture,
    testing::Values(
        FixtureSituation{"two-sockets", "RAPL package-1", true, "5.0 J, wraps at 262143 J", ""},
        FixtureSituation{"two-sockets", "CPU energy model", false, "a package counter is there", ""},
        FixtureSituation{"two-sockets", "perf power PMU", false, "offers no PMU", "modprobe rapl"},
        FixtureSituation{"laptop-psys", "RAPL package-0", true, "disabled", "echo 1 | sudo tee"},
        FixtureSituation{"unreadable", "RAPL package-0", false, "errno", ""},
        FixtureSituation{"garbage", "RAPL package-0", false, "not a count", "report"},
        FixtureSituation{"no-range", "RAPL package-0", true, "range unknown", ""},
        FixtureSituation{"virtual-machine", "RAPL", false, "virtual machine", "bare metal"},
        FixtureSituation{"virtual-machine", "CPU energy model", true, "MODELLED", "readable"},
        FixtureSituation{"container-masked", "RAPL", false, "masked", "type=bind"},
        FixtureSituation{"no-driver", "RAPL", false, "no intel-rapl zone", "modprobe"},
        FixtureSituation{"no-powercap", "RAPL", false, "no powercap support", "CONFIG_POWERCAP"},
        FixtureSituation{"no-powercap", "NVIDIA GPU", false, "its library is not there", "install"},
        FixtureSituation{"no-powercap", "AMD GPU", false, "shows no card of AMD", "--monitor"},
        FixtureSituation{"no-powercap", "hwmon acpi-power", true, "power meter of the firmware", ""},
        FixtureSituation{"nothing", "CPU load", false, "/proc/stat cannot be read", "mount /proc"},
        FixtureSituation{"nothing", "host memory", false, "/proc/meminfo cannot be read", "mount /proc"},
        FixtureSituation{"nothing", "CPU energy model", false, "no CPU load", "mount /proc"}));

}  // namespace
}  // namespace ipw::telemetry
