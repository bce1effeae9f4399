// SPDX-License-Identifier: Apache-2.0
// What `ipw doctor` says about AMD GPUs.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "ipw/base/library.h"
#include "ipw/telemetry/collectors/amd.h"

namespace ipw::telemetry {

namespace {

std::string sensor_name(const AmdFacts& facts) {
  return fmt::format("AMD GPU {}", facts.address);
}

SensorStatus no_card(const std::string& root) {
  std::error_code ignored;
  if (std::filesystem::exists(root + "/sys/module/amdgpu", ignored) ||
      std::filesystem::exists(root + "/dev/kfd", ignored)) {
    return {"AMD GPU", false, "the amdgpu driver is loaded, but /sys/class/drm shows no card of AMD",
            "in a container pass /sys and /dev/dri through; --monitor HOST:PORT reads it from outside"};
  }
  return {"AMD GPU", false, "there is a GPU of AMD on PCI, but the amdgpu driver is not loaded",
          "modprobe amdgpu"};
}

// Why libraries, which a card needs that sysfs does not count, do not help either.
std::string library_trouble(const std::string& root, const std::string& address) {
  std::string out;
  for (const auto& way : {make_amd_smi(root), make_rocm_smi(root)}) {
    std::string problem;
    static_cast<void>(way->devices(problem));
    const AmdValues values = way->read(address, false);
    if (values.energy_joules.value_or(0) > 0) return {};
    if (!out.empty()) out += "; ";
    out += problem.empty() ? fmt::format("{}: {}", way->name(), values.reason) : problem;
  }
  return out;
}

SensorStatus asleep(const AmdFacts& facts) {
  return {sensor_name(facts), true, fmt::format("{}: suspended; it is read once it is awake", facts.name),
          "run something on it, or: echo on > /sys/bus/pci/devices/" + facts.address + "/power/control"};
}

SensorStatus counted(const AmdFacts& facts, const AmdValues& v) {
  std::string detail = fmt::format("{}: {:.1f} J, {}", facts.name, *v.energy_joules, v.source);
  if (v.may_be_32_bit) detail += ", wraps at 65536 J at the earliest";
  if (facts.whole_soc) detail += "; the whole SoC, CPU included";
  return {sensor_name(facts), true, detail, {}};
}

SensorStatus power_only(const std::string& root, const AmdFacts& facts, const AmdValues& v) {
  const std::string trouble = library_trouble(root, facts.address);
  SensorStatus out{sensor_name(facts), true, {}, {}};
  out.detail = fmt::format("{}: {:.1f} W, {}, integrated", facts.name, *v.power_watts, v.source);
  if (facts.whole_soc) {
    out.detail += "; an APU: power of the whole SoC, CPU included";
    out.remedy = "make RAPL readable: it counts the same energy";
  } else if (trouble.empty()) {
    out.detail += "; a library counts its energy, and is used instead";
  } else {
    out.detail += fmt::format("; no energy counter in sysfs, and none elsewhere ({})", trouble);
    out.remedy = "a virtual function has none; on a whole board install amd-smi-lib of ROCm";
  }
  return out;
}

SensorStatus silent(const std::string& root, const AmdFacts& facts, const AmdValues& v) {
  SensorStatus out{sensor_name(facts), false, fmt::format("{}: {}", facts.name, v.reason), {}};
  if (v.cause == Cause::Nonsense) {
    out.remedy = "a newer ipw may know this table; meanwhile install amd-smi-lib of ROCm";
  } else if (v.cause == Cause::Denied) {
    out.remedy = "add this user to the groups render and video";
  } else {
    out.remedy = "reload the driver: modprobe -r amdgpu && modprobe amdgpu";
  }
  const std::string trouble = library_trouble(root, facts.address);
  if (trouble.empty())
    out.detail += "; a library counts its energy, and is used instead";
  else
    out.detail += fmt::format(" ({})", trouble);
  return out;
}

SensorStatus card_status(const std::string& root, const AmdFacts& facts, const AmdValues& v) {
  if (v.asleep) return asleep(facts);
  if (v.energy_joules.value_or(0) > 0) return counted(facts, v);
  if (facts.two_dies && v.energy_joules && v.power_watts.value_or(0) <= 0)
    return {sensor_name(facts),
            true,
            facts.name + ": the second die of its board; the first die counts for both",
            {}};
  if (v.power_watts.value_or(0) > 0) return power_only(root, facts, v);
  return silent(root, facts, v);
}

}  // namespace

std::vector<SensorStatus> diagnose_amd(const std::string& root) {
  std::vector<SensorStatus> out;
  std::string problem;
  const auto sysfs = make_amd_sysfs(root);
  for (const AmdFacts& facts : sysfs->devices(problem))
    out.push_back(card_status(root, facts, sysfs->read(facts.address, true)));
  if (out.empty() && sign_of_amd_gpu(root)) out.push_back(no_card(root));
  return out;
}

}  // namespace ipw::telemetry
