// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/rapl_zones.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "ipw/base/text.h"
#include "ipw/telemetry/collectors/rapl_tree.h"
#include "ipw/telemetry/kept_file.h"

namespace ipw::telemetry {

namespace {

namespace fs = std::filesystem;
constexpr double kRegisterMax = 4294967295.0;

// Zone ids ("intel-rapl:0:1") and where they are: beside each other in sysfs, within each other in the device
// tree.
void collect_zones(const fs::path& folder, std::string_view prefix, std::map<std::string, fs::path>& zones,
                   int depth) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string id = entry.path().filename();
    if (!id.starts_with(prefix) || !entry.is_directory(ignored)) continue;
    zones.emplace(id, entry.path());
    if (depth > 0) collect_zones(entry.path(), prefix, zones, depth - 1);
  }
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

std::optional<RaplZone> read_zone(const fs::path& path, const std::string& above, const RaplCpu& cpu) {
  const auto name = read_small(path / "name");
  const auto scope = name ? rapl_scope(*name) : std::nullopt;
  if (!scope) return std::nullopt;
  RaplZone zone;
  zone.path = path;
  zone.domain = rapl_domain(above.empty() ? *name : above + "/" + *name, *scope, cpu);
  zone.domain.cap_watts = zone_cap_watts(path);
  if (const auto range = read_small(path / "max_energy_range_uj")) {
    if (const auto value = parse_double(*range); value && *value > 0) {
      zone.domain.wrap_joules = rapl_wrap_joules(*value);
      zone.domain.step_joules = rapl_step_joules(*value);
    }
  }
  zone.enabled = read_small(path / "enabled").value_or("1") != "0";
  return zone;
}

std::map<std::string, RaplZone> zones_of_driver(const std::string& root, std::string_view prefix,
                                                const RaplCpu& cpu) {
  std::map<std::string, fs::path> places;
  collect_zones(fs::path(root + "/sys/class/powercap"), prefix, places, 1);
  std::map<std::string, std::string> names;  // by zone id; a parent's id sorts before its children's
  std::map<std::string, RaplZone> by_name;
  for (const auto& [id, path] : places) {
    const auto above = names.find(id.substr(0, id.rfind(':')));
    auto zone = read_zone(path, above == names.end() ? "" : above->second, cpu);
    if (!zone) continue;
    names[id] = zone->domain.name;
    by_name.emplace(zone->domain.name, std::move(*zone));
  }
  return by_name;
}

bool has_package(const std::map<std::string, RaplZone>& zones) {
  return std::ranges::any_of(zones, [](const auto& z) { return z.second.domain.scope == Scope::Package; });
}

}  // namespace

double rapl_step_joules(double range_microjoules) {
  return std::max(1.0, range_microjoules / kRegisterMax) * 1e-6;
}

double rapl_wrap_joules(double range_microjoules) {
  return range_microjoules * 1e-6 + rapl_step_joules(range_microjoules);
}

std::vector<RaplZone> find_rapl_zones(const std::string& root) {
  const RaplCpu cpu = read_rapl_cpu(root);
  auto by_name = zones_of_driver(root, "intel-rapl:", cpu);
  if (!has_package(by_name)) by_name.merge(zones_of_driver(root, "intel-rapl-mmio:", cpu));
  std::vector<Domain> domains;
  for (const auto& [name, zone] : by_name) domains.push_back(zone.domain);
  link_rapl_tree(domains);
  std::vector<RaplZone> out;
  for (Domain& domain : domains) {
    RaplZone& zone = by_name.at(domain.name);
    zone.domain = std::move(domain);
    out.push_back(std::move(zone));
  }
  return out;
}

}  // namespace ipw::telemetry
