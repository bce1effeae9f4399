// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/hwmon_chips.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>

#include "ipw/base/text.h"
#include "ipw/telemetry/collectors/rapl_zones.h"
#include "ipw/telemetry/kept_file.h"

namespace ipw::telemetry {

namespace {

namespace fs = std::filesystem;
using Role = HwmonChip::Role;
using Kind = HwmonSensor::Kind;

// Sources: the kernel's Documentation/hwmon of each driver; NVIDIA's Jetson and Grace guides.
constexpr std::array<HwmonChip, 33> kChips{{
    {"amdgpu", "", Scope::Accelerator, Role::Owned, "", "read by the AMD collector"},
    {"i915", "", Scope::Accelerator, Role::Total, "intel-gpu", "Intel GPU: energy of the card"},
    {"xe", "pkg", Scope::Host, Role::Rail, "intel-gpu/package",
     "Intel GPU: the package alone, within the card"},
    {"xe", "", Scope::Accelerator, Role::Total, "intel-gpu", "Intel GPU: energy of the card"},
    {"nouveau", "", Scope::Accelerator, Role::Total, "nouveau-gpu", "NVIDIA GPU through the open driver"},
    {"ina3221", "VDD_IN", Scope::Module, Role::Total, "jetson", "power of the whole Jetson module"},
    {"ina3221", "POM_5V_IN", Scope::Module, Role::Total, "jetson", "power of the whole Jetson module"},
    {"ina3221", "", Scope::Host, Role::Rail, "", "a rail of the Jetson module"},
    {"power_meter", "Module", Scope::Module, Role::Total, "",
     "Grace module: CPU, memory and, where it has one, GPU"},
    {"power_meter", "Grace", Scope::Package, Role::Total, "", "Grace CPU with its memory"},
    {"power_meter", "CPU", Scope::Core, Role::Rail, "", "CPU rail, within the Grace power"},
    {"power_meter", "SysIO", Scope::Uncore, Role::Rail, "", "SysIO rail, within the Grace power"},
    {"power_meter", "", Scope::Wall, Role::Total, "acpi-power",
     "power meter of the firmware, mostly of the whole machine"},
    {"acpi_power_meter", "", Scope::Wall, Role::Total, "acpi-power",
     "power meter of the firmware, mostly of the whole machine"},
    {"amd_energy", "Esocket", Scope::Package, Role::Total, "", "AMD socket, through the amd_energy driver"},
    {"amd_energy", "", Scope::Core, Role::Rail, "", "AMD core, through the amd_energy driver"},
    {"fam15h_power", "", Scope::Package, Role::Total, "", "AMD family 15h package"},
    {"zenpower", "", Scope::Host, Role::Rail, "", "AMD voltage regulator telemetry"},
    {"macsmc", "Total System Power", Scope::Psys, Role::Total, "", "Apple: the whole machine"},
    {"macsmc", "", Scope::Host, Role::Rail, "", "Apple: a rail"},
    {"corsairpsu", "power total", Scope::Wall, Role::Total, "", "power supply, output side"},
    {"corsairpsu", "", Scope::Host, Role::Rail, "", "a rail of the power supply"},
    {"ibmpowernv", "System", Scope::Psys, Role::Total, "", "POWER: the whole system"},
    {"ibmpowernv", "", Scope::Host, Role::Rail, "", "POWER: a part of the system"},
    {"p9_occ", "system", Scope::Psys, Role::Total, "", "POWER9: the whole system"},
    {"p9_occ", "", Scope::Host, Role::Rail, "", "POWER9: a part of the system"},
    {"p8_occ", "system", Scope::Psys, Role::Total, "", "POWER8: the whole system"},
    {"p8_occ", "", Scope::Host, Role::Rail, "", "POWER8: a part of the system"},
    {"scmi_sensors", "", Scope::Host, Role::Rail, "", "Arm SCMI: what it covers depends on the board"},
    {"vexpress_energy", "", Scope::Host, Role::Rail, "", "Arm development board"},
    {"ina2", "", Scope::Host, Role::Rail, "", "a rail of the board: see its schematics"},
    {"BAT", "", Scope::Host, Role::Rail, "", "battery: what flows in or out of it"},
    {"ucsi", "", Scope::Host, Role::Rail, "", "USB power supply"},
}};

constexpr HwmonChip kUnknown{"",         "", Scope::Host,
                             Role::Rail, "", "chip unknown to ipw: what it covers is not known"};

const HwmonChip& known_chip(std::string_view chip, std::string_view label) {
  const auto found = std::ranges::find_if(
      kChips, [&](const HwmonChip& c) { return chip.starts_with(c.chip) && label.starts_with(c.label); });
  return found == kChips.end() ? kUnknown : *found;
}

bool exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// Entries of a folder by name, numbers within names in their order: hwmon2 before hwmon10.
std::vector<fs::path> entries(const std::string& folder) {
  std::vector<fs::path> out;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) out.push_back(entry.path());
  std::ranges::sort(out, {}, [](const fs::path& p) {
    const std::string name = p.filename();
    return std::pair(name.size(), name);
  });
  return out;
}

double first_number(const std::string& base, std::initializer_list<const char*> files, double scale) {
  for (const char* file : files) {
    const auto text = read_small(base + file);
    const auto value = text ? parse_double(*text) : std::nullopt;
    if (value && *value > 0) return *value * scale;
  }
  return 0;
}

double default_cap(Scope scope) {
  constexpr double kRail = 1500, kMachine = 20000, kModule = 6000;
  if (scope == Scope::Wall || scope == Scope::Psys) return kMachine;
  return scope == Scope::Module || scope == Scope::Accelerator ? kModule : kRail;
}

/// One folder of attributes, with all that was found in it.
class Chip {
 public:
  Chip(std::string path, std::string name) : path_(std::move(path)), name_(std::move(name)) {
    const std::string status = path_ + "/device/power/runtime_status";
    if (exists(status)) asleep_ = status;
    interval_ = first_number(path_, {"/update_interval"}, 1e-3);
  }

  std::vector<HwmonSensor> sensors() const {
    std::vector<HwmonSensor> out;
    for (int n = 1; n <= kMostChannels; ++n) add_energy(n, out);
    for (int n = 1; n <= kMostChannels; ++n) add_power(n, out);
    for (int n = 1; n <= 3 && name_.starts_with("ina3221"); ++n) add_product(n, out);
    return out;
  }

 private:
  static constexpr int kMostChannels = 64;

  std::string at(std::string_view what, int n, std::string_view attribute) const {
    return fmt::format("{}/{}{}_{}", path_, what, n, attribute);
  }

  std::string label(std::string_view what, int n) const {
    for (const char* attribute : {"label", "oem_info"}) {
      const auto text = read_small(at(what, n, attribute));
      if (text && !text->empty()) return *text;
    }
    return {};
  }

  HwmonSensor make(std::string_view what, int n, Kind kind) const {
    const std::string text = label(what, n);
    HwmonSensor out;
    out.known = &known_chip(name_, text);
    out.kind = kind;
    out.asleep = asleep_;
    Domain& domain = out.domain;
    const std::string part = text.empty() ? fmt::format("{}{}", what, n) : slug(text);
    domain.name = out.known->domain.empty() ? name_ + "/" + part : std::string(out.known->domain);
    domain.scope = out.known->scope;
    domain.method = Method::Counter;
    domain.collector = "hwmon";
    domain.note = out.known->note;
    domain.device = text.empty() ? name_ : name_ + ", " + text;
    domain.update_seconds = interval_;
    domain.cap_watts = default_cap(domain.scope);
    const std::string base = fmt::format("{}/power{}_", path_, n);
    if (const double most = first_number(base, {"cap_max", "rated_max", "max", "crit"}, 1e-6); most > 0)
      domain.cap_watts = 2 * most;
    return out;
  }

  void add_energy(int n, std::vector<HwmonSensor>& out) const {
    if (!exists(at("energy", n, "input"))) return;
    auto sensor = make("energy", n, Kind::Energy);
    sensor.files = {at("energy", n, "input")};
    sensor.domain.step_joules = 1e-6;
    out.push_back(std::move(sensor));
  }

  // The value of the moment is better than the mean over an unknown time.
  void add_power(int n, std::vector<HwmonSensor>& out) const {
    if (exists(at("energy", n, "input"))) return;
    const bool input = exists(at("power", n, "input"));
    if (!input && !exists(at("power", n, "average"))) return;
    auto sensor = make("power", n, Kind::Power);
    sensor.files = {at("power", n, input ? "input" : "average")};
    if (!input) {
      const double interval = first_number(at("power", n, "average"), {"_interval"}, 1e-3);
      sensor.domain.averaging_seconds = interval;
      sensor.domain.update_seconds = interval;
    }
    out.push_back(std::move(sensor));
  }

  // INA3221: millivolts times milliamperes, each a mean over the time in which all channels are converted.
  void add_product(int n, std::vector<HwmonSensor>& out) const {
    constexpr double kMicrowatt = 1e-6;
    if (!exists(at("in", n, "input")) || !exists(at("curr", n, "input")) || label("in", n) == "NC") return;
    auto sensor = make("in", n, Kind::Power);
    sensor.files = {at("in", n, "input"), at("curr", n, "input")};
    sensor.factor = kMicrowatt;
    sensor.domain.averaging_seconds = interval_;
    out.push_back(std::move(sensor));
  }

  std::string path_, name_, asleep_;
  double interval_ = 0;
};

// Attributes lie in the folder itself or, with older drivers, in its device.
void find_chip(const std::string& path, std::vector<HwmonSensor>& out) {
  for (const char* below : {"", "/device"}) {
    const auto name = read_small(path + "/name");
    const std::string word = name ? *name : read_small(path + "/device/name").value_or("");
    if (word.empty() || known_chip(word, "").role == Role::Owned) return;
    auto found = Chip(path + below, word).sensors();
    std::ranges::move(found, std::back_inserter(out));
    if (!found.empty()) return;
  }
}

// The driver of Jetson Linux before release 34: rail_name_N and in_powerN_input in milliwatts.
void find_old_jetson(const std::string& root, std::vector<HwmonSensor>& out) {
  for (const auto& device : entries(root + "/sys/bus/i2c/drivers/ina3221x")) {
    for (const auto& folder : entries(device)) {
      for (int n = 0; n < 3; ++n) {
        const std::string file = fmt::format("{}/in_power{}_input", folder.string(), n);
        const auto rail = read_small(fmt::format("{}/rail_name_{}", folder.string(), n));
        if (!rail || *rail == "NC" || !exists(file)) continue;
        HwmonSensor sensor;
        sensor.known = &known_chip("ina3221", *rail);
        sensor.files = {file};
        sensor.factor = 1e-3;
        Domain& domain = sensor.domain;
        domain.name = sensor.known->domain.empty() ? "ina3221/" + slug(*rail) : sensor.known->domain;
        domain.scope = sensor.known->scope;
        domain.collector = "hwmon";
        domain.note = sensor.known->note;
        domain.device = "ina3221x, " + *rail;
        domain.cap_watts = default_cap(domain.scope);
        out.push_back(std::move(sensor));
      }
    }
  }
}

void make_unique_names(std::vector<HwmonSensor>& sensors) {
  std::map<std::string, int> count;
  for (HwmonSensor& sensor : sensors) {
    const int n = count[sensor.domain.name]++;
    if (n > 0) sensor.domain.name += fmt::format("-{}", n + 1);
  }
}

// How near a total is to a rail of the same kind of chip: in its folder, of its socket ("... Socket 1"), or
// just the first.
int nearness(const HwmonSensor& rail, const HwmonSensor& total) {
  if (fs::path(rail.files.front()).parent_path() == fs::path(total.files.front()).parent_path()) return 3;
  return rail.domain.device.back() == total.domain.device.back() ? 2 : 1;
}

std::string total_above(const std::vector<HwmonSensor>& sensors, const HwmonSensor& rail, Scope scope) {
  const HwmonSensor* best = nullptr;
  for (const HwmonSensor& s : sensors) {
    const bool fits = &s != &rail && s.known->chip == rail.known->chip && s.known->role == Role::Total &&
                      s.domain.scope == scope;
    if (fits && (!best || nearness(rail, s) > nearness(rail, *best))) best = &s;
  }
  return best ? best->domain.name : "";
}

// A rail lies below the nearest total of its chip, and the Grace CPU below its module.
void link(std::vector<HwmonSensor>& sensors) {
  for (HwmonSensor& s : sensors) {
    if (s.known->chip.empty()) continue;
    if (s.known->role == Role::Total) {
      if (s.domain.scope == Scope::Package) s.domain.parent = total_above(sensors, s, Scope::Module);
      continue;
    }
    for (const Scope scope : {Scope::Package, Scope::Module, Scope::Accelerator, Scope::Psys, Scope::Wall}) {
      if (s.domain.parent.empty()) s.domain.parent = total_above(sensors, s, scope);
    }
  }
}

bool package_is_read(const std::string& root) {
  return std::ranges::any_of(find_rapl_zones(root), [](const RaplZone& zone) {
    return zone.domain.scope == Scope::Package && read_small(zone.path + "/energy_uj");
  });
}

// The sockets of amd_energy and fam15h_power are those of RAPL.
void mark_alternatives(const std::string& root, std::vector<HwmonSensor>& sensors) {
  int socket = 0;
  for (HwmonSensor& s : sensors) {
    if (s.domain.scope != Scope::Package || s.known->chip == "power_meter") continue;
    if (package_is_read(root)) s.domain.alternative_to = fmt::format("package-{}", socket);
    ++socket;
  }
}

}  // namespace

std::span<const HwmonChip> hwmon_chips() {
  return kChips;
}

std::vector<HwmonSensor> find_hwmon_sensors(const std::string& root) {
  std::vector<HwmonSensor> out;
  for (const auto& path : entries(root + "/sys/class/hwmon")) find_chip(path, out);
  find_old_jetson(root, out);
  make_unique_names(out);
  link(out);
  mark_alternatives(root, out);
  return out;
}

}  // namespace ipw::telemetry
