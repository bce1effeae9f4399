// SPDX-License-Identifier: Apache-2.0
// The energy and power sensors of Linux hwmon (Documentation/hwmon/sysfs-interface.rst), found and named.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

/// What is known of a chip, by its name and the label of a sensor.
struct HwmonChip {
  enum class Role {
    Total,  ///< stands for its scope
    Rail,   ///< a part of the total of the same chip, or of nothing known: in no headline
    Owned   ///< read by another collector
  };
  std::string_view chip;   ///< what its `name` begins with
  std::string_view label;  ///< what the label begins with; empty fits all
  Scope scope;
  Role role;
  std::string_view domain;  ///< name of the domain; empty: CHIP/LABEL
  std::string_view note;
};
/// The first row that fits counts.
std::span<const HwmonChip> hwmon_chips();

/// One sensor: the files whose product, times the factor, is joules or watts.
struct HwmonSensor {
  enum class Kind { Energy, Power };
  Domain domain;
  Kind kind = Kind::Power;
  std::vector<std::string> files;  ///< one, or voltage and current
  double factor = 1e-6;
  std::string asleep;  ///< file that says "suspended" while the device sleeps; empty: it does not sleep
  const HwmonChip* known = nullptr;
};

/// Find the sensors below <root>/sys/class/hwmon, and those of the older Jetson driver below
/// <root>/sys/bus/i2c/drivers/ina3221x, in a stable order. Chips that other collectors read are left out.
std::vector<HwmonSensor> find_hwmon_sensors(const std::string& root);

/// What `ipw doctor` says about hwmon: each sensor, and those that should be there and are not.
std::vector<SensorStatus> diagnose_hwmon(const std::string& root);

}  // namespace ipw::telemetry
