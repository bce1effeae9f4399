// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/apple.h"

#include <fmt/format.h>

#include "ipw/base/error.h"
#include "ipw/base/log.h"
#include "ipw/base/text.h"
#include "ipw/telemetry/collectors.h"

namespace ipw::telemetry {

namespace {

struct RailRow {
  std::string_view name;
  Scope scope;
  bool within;  // the SoC
};
// As in RAPL: core and uncore (the graphics) are parts of what contains them, and are in no headline.
constexpr std::array<RailRow, kAppleRails> kRails{{{"soc", Scope::Module, false},
                                                   {"soc/cpu", Scope::Core, true},
                                                   {"soc/gpu", Scope::Uncore, true},
                                                   {"soc/ane", Scope::Uncore, true},
                                                   {"dram", Scope::Dram, false}}};

// "DIE_1_CPU Energy" of an Ultra is the "CPU Energy" of its second die.
std::string_view without_die(std::string_view name) {
  if (!name.starts_with("DIE_")) return name;
  const auto end = name.find('_', 4);
  return end == std::string_view::npos ? name : name.substr(end + 1);
}

}  // namespace

std::vector<Domain> apple_domains(std::string_view way, double update_seconds, bool dram) {
  std::vector<Domain> out;
  for (std::size_t i = 0; i < kAppleRails - (dram ? 0 : 1); ++i) {
    Domain domain{.name = std::string(kRails[i].name), .scope = kRails[i].scope, .collector = "apple"};
    if (kRails[i].within) domain.parent = "soc";
    domain.update_seconds = domain.averaging_seconds = update_seconds;
    domain.note = fmt::format("{}: estimated by the SoC itself, not for comparing devices", way);
    out.push_back(std::move(domain));
  }
  return out;
}

void add_up(AppleEnergies& joules) {
  const auto at = [&](AppleRail rail) -> std::optional<double>& {
    return joules[static_cast<std::size_t>(rail)];
  };
  const auto cpu = at(AppleRail::Cpu), gpu = at(AppleRail::Gpu), ane = at(AppleRail::Ane);
  if (cpu && gpu && ane) at(AppleRail::Soc) = *cpu + *gpu + *ane;
}

AppleChannel classify_channel(std::string_view name) {
  name = without_die(name);
  if (name == "CPU Energy") return {AppleRail::Cpu, false};
  if (name == "GPU Energy") return {AppleRail::Gpu, false};
  if (name.starts_with("ANE")) return {AppleRail::Ane, false};
  if (name.starts_with("DRAM")) return {AppleRail::Dram, false};
  for (const std::string_view part : {"EACC", "PACC", "ECPU", "PCPU", "MCPU", "ECPM", "PCPM"}) {
    if (name.starts_with(part)) return {AppleRail::Cpu, true};
  }
  if (name.starts_with("GPU")) return {AppleRail::Gpu, true};
  return {};
}

std::optional<double> channel_unit_joules(std::string_view label) {
  label = trim(label);
  if (label == "mJ") return 1e-3;
  if (label == "uJ" || label == "\u00b5J" || label == "\u03bcJ") return 1e-6;
  if (label == "nJ") return 1e-9;
  return std::nullopt;
}

std::unique_ptr<Collector> make_apple(const CollectorOptions& options) {
#ifdef __APPLE__
  if (options.argument.empty() && options.root.empty()) {
    try {
      return make_ioreport();
    } catch (const Error& e) {
      log::info("IOReport: {}; trying powermetrics", e.what());
    }
  }
#endif
  return make_powermetrics(find_powermetrics(options));
}

}  // namespace ipw::telemetry
