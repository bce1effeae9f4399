// SPDX-License-Identifier: Apache-2.0
// What `ipw doctor` says about the sensors of hwmon.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/collectors/hwmon_chips.h"
#include "ipw/telemetry/kept_file.h"

namespace ipw::telemetry {

namespace {

namespace fs = std::filesystem;
using Statuses = std::vector<SensorStatus>;

bool exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

SensorStatus diagnose_sensor(const HwmonSensor& sensor) {
  SensorStatus out{"hwmon " + sensor.domain.name, false, {}, {}, "hwmon.silent"};
  if (!sensor.asleep.empty() && read_small(sensor.asleep).value_or("") == "suspended") {
    out.detail = "the device sleeps; reading it would wake it";
    out.remedy = "it is read once something uses it";
    out.situation = "hwmon.asleep";
    return out;
  }
  double value = sensor.factor;
  for (const std::string& path : sensor.files) {
    NumberFile file(path, "a number");
    const auto number = file.read(true);
    if (!number) {
      out.detail = number.error().reason;
      if (number.error().cause == Cause::Denied) out.situation = "hwmon.denied";
      return out;
    }
    value *= *number;
  }
  out.present = true;
  const bool energy = sensor.kind == HwmonSensor::Kind::Energy;
  out.detail = energy ? fmt::format("{:.1f} J", value) : fmt::format("{:.2f} W", value);
  if (sensor.domain.averaging_seconds > 0)
    out.detail += fmt::format(", mean over {:g} s", sensor.domain.averaging_seconds);
  out.detail += fmt::format(", {}", sensor.domain.note);
  out.situation = sensor.known->chip.empty() ? "hwmon.unknown-chip" : "hwmon.reads";
  if (!sensor.domain.alternative_to.empty()) {
    out.situation = "hwmon.alternative";
    out.detail += fmt::format("; the same as {}, for comparison only", sensor.domain.alternative_to);
  }
  return out;
}

bool any_chip(const std::vector<HwmonSensor>& sensors, std::string_view part) {
  return std::ranges::any_of(
      sensors, [&](const HwmonSensor& s) { return s.known->chip.find(part) != std::string::npos; });
}

void diagnose_acpi(const std::string& root, const std::vector<HwmonSensor>& sensors, Statuses& out) {
  if (!exists(root + "/sys/bus/acpi/devices/ACPI000D:00") || any_chip(sensors, "power_meter")) return;
  out.push_back({"hwmon power_meter", false,
                 "the firmware has a power meter (ACPI000D), and no driver shows it",
                 "sudo modprobe acpi_power_meter; where that brings nothing, boot with "
                 "acpi_power_meter.force_cap_on=y (kernel with CONFIG_SENSORS_ACPI_POWER)",
                 "hwmon.acpi-meter"});
}

bool is_jetson(const std::string& root) {
  if (exists(root + "/etc/nv_tegra_release")) return true;
  const auto model = read_small(root + "/proc/device-tree/model").value_or("");
  return model.find("Jetson") != std::string::npos;
}

void diagnose_jetson(const std::string& root, const std::vector<HwmonSensor>& sensors, Statuses& out) {
  if (!is_jetson(root) || any_chip(sensors, "ina3221")) return;
  out.push_back(
      {"hwmon ina3221", false, "this is a Jetson, and its power monitor INA3221 has no driver",
       "sudo modprobe ina3221 (kernel with CONFIG_SENSORS_INA3221); in a container pass /sys/class/hwmon "
       "through",
       "hwmon.jetson"});
}

void diagnose_intel_gpu(const std::string& root, const std::vector<HwmonSensor>& sensors, Statuses& out) {
  if (any_chip(sensors, "i915") || any_chip(sensors, "xe")) return;
  std::error_code ignored;
  for (const auto& card : fs::directory_iterator(root + "/sys/class/drm", ignored)) {
    const std::string text = read_small(card.path() / "device/uevent").value_or("");
    if (text.find("DRIVER=i915") == std::string::npos && text.find("DRIVER=xe") == std::string::npos)
      continue;
    out.push_back(
        {"hwmon Intel GPU", false, card.path().filename().string() + " has no energy counter of its own",
         "an integrated GPU is within the package (uncore); for a card use kernel 6.2 (i915) or 6.7 (xe) "
         "or newer",
         "hwmon.intel-gpu"});
    return;
  }
}

}  // namespace

std::vector<SensorStatus> diagnose_hwmon(const std::string& root) {
  const auto sensors = find_hwmon_sensors(root);
  Statuses out;
  for (const HwmonSensor& sensor : sensors) out.push_back(diagnose_sensor(sensor));
  diagnose_acpi(root, sensors, out);
  diagnose_jetson(root, sensors, out);
  diagnose_intel_gpu(root, sensors, out);
  return out;
}

}  // namespace ipw::telemetry
