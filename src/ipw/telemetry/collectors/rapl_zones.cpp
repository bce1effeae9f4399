// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/rapl_zones.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "ipw/base/text.h"
#include "ipw/telemetry/kept_file.h"

namespace ipw::telemetry {

namespace {

namespace fs = std::filesystem;
constexpr std::string_view kPrefix = "intel-rapl:";
constexpr double kRegisterMax = 4294967295.0;

// Zone ids ("intel-rapl:0:1") and where they are: beside each other in sysfs, within each other in the device
// tree.
void collect_zones(const fs::path& folder, std::map<std::string, fs::path>& zones, int depth) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string id = entry.path().filename();
    if (!id.starts_with(kPrefix) || !entry.is_directory(ignored)) continue;
    zones.emplace(id, entry.path());
    if (depth > 0) collect_zones(entry.path(), zones, depth - 1);
  }
}

std::optional<Scope> zone_scope(std::string_view name) {
  if (name.starts_with("package")) return Scope::Package;
  if (name == "core") return Scope::Core;
  if (name == "uncore") return Scope::Uncore;
  if (name == "dram") return Scope::Dram;
  if (name == "psys") return Scope::Psys;
  return std::nullopt;
}

// Twice the highest power limit, or 1.5 kW for a socket whose limits are not told.
double zone_cap_watts(const fs::path& path) {
  constexpr double kSocketCap = 1500, kLeast = 50;
  double limit = 0;
  for (int i = 0; i < 3; ++i) {
    const auto text = read_small(path / fmt::format("constraint_{}_power_limit_uw", i));
    if (text) limit = std::max(limit, parse_double(*text).value_or(0) * 1e-6);
  }
  return limit > 0 ? std::clamp(2 * limit, kLeast, kSocketCap) : kSocketCap;
}

std::optional<RaplZone> read_zone(const fs::path& path) {
  const auto name = read_small(path / "name");
  const auto scope = name ? zone_scope(*name) : std::nullopt;
  if (!scope) return std::nullopt;
  RaplZone zone;
  zone.path = path;
  zone.domain.name = *name;
  zone.domain.scope = *scope;
  zone.domain.collector = "rapl";
  zone.domain.cap_watts = zone_cap_watts(path);
  zone.domain.update_seconds = 0.002;  // about 1 ms, with jitter
  if (const auto range = read_small(path / "max_energy_range_uj")) {
    if (const auto value = parse_double(*range); value && *value > 0)
      zone.domain.wrap_joules = rapl_wrap_joules(*value);
  }
  zone.enabled = read_small(path / "enabled").value_or("1") != "0";
  return zone;
}

}  // namespace

double rapl_wrap_joules(double range_microjoules) {
  return (range_microjoules + std::max(1.0, range_microjoules / kRegisterMax)) * 1e-6;
}

std::vector<RaplZone> find_rapl_zones(const std::string& root) {
  std::map<std::string, fs::path> places;
  collect_zones(fs::path(root + "/sys/class/powercap"), places, 1);
  std::map<std::string, std::string> names;  // by zone id; a parent's id sorts before its children's
  std::map<std::string, RaplZone> by_name;
  bool has_psys = false;
  for (const auto& [id, path] : places) {
    auto zone = read_zone(path);
    if (!zone) continue;
    const std::string parent_id = id.substr(0, id.rfind(':'));
    if (const auto parent = names.find(parent_id); parent != names.end()) {
      zone->domain.parent = parent->second;
      zone->domain.name = parent->second + "/" + zone->domain.name;
    }
    names[id] = zone->domain.name;
    has_psys = has_psys || zone->domain.scope == Scope::Psys;
    by_name.emplace(zone->domain.name, std::move(*zone));
  }
  std::vector<RaplZone> out;
  for (auto& [name, zone] : by_name) {
    if (has_psys && zone.domain.scope == Scope::Package) zone.domain.parent = "psys";
    out.push_back(std::move(zone));
  }
  return out;
}

}  // namespace ipw::telemetry
