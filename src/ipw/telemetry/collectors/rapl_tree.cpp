// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/rapl_tree.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <set>

#include "ipw/base/text.h"

namespace ipw::telemetry {

namespace {

constexpr double kServerDramStep = 1.0 / 65536;

// Intel processors (family 6) whose DRAM or platform counter has a unit of its own, as the kernel's drivers
// have it (drivers/powercap/intel_rapl_common.c, arch/x86/events/rapl.c).
struct Quirk {
  int model;
  double dram_step, psys_step;
};
constexpr std::array<Quirk, 10> kQuirks{{{63, kServerDramStep, 0},     // Haswell-X
                                         {79, kServerDramStep, 0},     // Broadwell-X
                                         {85, kServerDramStep, 0},     // Skylake-X, Cascade Lake
                                         {86, kServerDramStep, 0},     // Broadwell-D
                                         {87, kServerDramStep, 0},     // Knights Landing
                                         {106, kServerDramStep, 0},    // Ice Lake-X
                                         {108, kServerDramStep, 0},    // Ice Lake-D
                                         {133, kServerDramStep, 0},    // Knights Mill
                                         {143, kServerDramStep, 1},    // Sapphire Rapids
                                         {207, kServerDramStep, 1}}};  // Emerald Rapids

// "package-1-die-0" and "psys-1" are of package 1; "psys" is of package 0.
std::string_view package_number(std::string_view name) {
  const auto dash = name.find('-');
  if (dash == std::string_view::npos) return "0";
  const std::string_view rest = name.substr(dash + 1);
  return rest.substr(0, rest.find('-'));
}

std::string psys_above(const std::set<std::string>& names, std::string_view package) {
  const std::string own = "psys-" + std::string(package_number(package));
  if (names.contains(own)) return own;
  return names.contains("psys") ? "psys" : "";
}

std::string parent_of(const Domain& domain, const std::set<std::string>& names) {
  const std::string package = domain.name.substr(0, domain.name.find('/'));
  switch (domain.scope) {
    case Scope::Package:
    case Scope::Dram:
      return psys_above(names, package);
    case Scope::Core:
    case Scope::Uncore:
      return names.contains(package) ? package : "";
    default:
      return {};
  }
}

}  // namespace

std::optional<Scope> rapl_scope(std::string_view name) {
  if (name.starts_with("package")) return Scope::Package;
  if (name == "core") return Scope::Core;
  if (name == "uncore") return Scope::Uncore;
  if (name == "dram") return Scope::Dram;
  if (name.starts_with("psys")) return Scope::Psys;
  return std::nullopt;
}

RaplCpu read_rapl_cpu(const std::string& root) {
  RaplCpu out;
  std::int64_t family = 0, model = 0;
  std::ifstream file(root + "/proc/cpuinfo");
  for (std::string line; std::getline(file, line) && !trim(line).empty();) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string_view key = trim(std::string_view(line).substr(0, colon));
    const std::string_view value = trim(std::string_view(line).substr(colon + 1));
    if (key == "vendor_id") {
      out.amd = value == "AuthenticAMD" || value == "HygonGenuine";
      out.intel = value == "GenuineIntel";
    }
    if (key == "cpu family") family = parse_int(value).value_or(0);
    if (key == "model") model = parse_int(value).value_or(0);
  }
  if (!out.intel || family != 6) return out;
  const auto quirk = std::ranges::find(kQuirks, static_cast<int>(model), &Quirk::model);
  if (quirk == kQuirks.end()) return out;
  out.dram_step = quirk->dram_step;
  out.psys_step = quirk->psys_step;
  return out;
}

Domain rapl_domain(std::string name, Scope scope, const RaplCpu& cpu) {
  Domain out;
  out.name = std::move(name);
  out.scope = scope;
  out.collector = "rapl";
  out.update_seconds = 0.002;  // about 1 ms, with jitter
  if (scope == Scope::Dram) out.step_joules = cpu.dram_step;
  if (scope == Scope::Psys) out.step_joules = cpu.psys_step;
  // The driver reads the core counter of one CPU of the package, which on AMD is that of one core.
  if (scope == Scope::Core && cpu.amd) out.note = "one core of the package, not all of them";
  return out;
}

void link_rapl_tree(std::vector<Domain>& domains) {
  std::ranges::sort(domains, {}, &Domain::name);
  std::set<std::string> names;
  for (const Domain& domain : domains) names.insert(domain.name);
  for (Domain& domain : domains) {
    if (domain.alternative_to.empty()) domain.parent = parent_of(domain, names);
    if (domain.step_joules >= 0.1 && domain.note.empty())
      domain.note = "counts in whole joules: of no use for windows of less than some seconds";
  }
}

}  // namespace ipw::telemetry
