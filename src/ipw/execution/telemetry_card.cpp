// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/telemetry_card.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace ipw::execution {
namespace {

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json domain_list(const std::vector<telemetry::Domain>& domains) {
  Json list = Json::array();
  for (const auto& d : domains)
    list.push_back({{"name", d.name},
                    {"scope", to_string(d.scope)},
                    {"parent", d.parent},
                    {"method", to_string(d.method)},
                    {"collector", d.collector},
                    {"update_seconds", d.update_seconds},
                    {"averaging_seconds", d.averaging_seconds},
                    {"step_joules", d.step_joules},
                    {"cap_watts", d.cap_watts},
                    {"relative_half_width", d.relative_half_width},
                    {"note", d.note},
                    {"device", d.device},
                    {"alternative_to", d.alternative_to}});
  return list;
}

Json idle_list(const std::vector<std::pair<std::string, IdleBaseline>>& idle) {
  Json list = Json::array();
  for (const auto& [when, baseline] : idle) {
    Json watts = Json::object(), errors = Json::object();
    for (const auto& [domain, value] : baseline.watts) {
      watts[domain] = value.value;
      errors[domain] = value.error;
    }
    list.push_back({{"when", when},
                    {"seconds", baseline.seconds},
                    {"watts", watts},
                    {"standard_error_watts", errors},
                    {"temperature_celsius", or_null(baseline.temperature_celsius)}});
  }
  return list;
}

/// How the idle power moved from the baseline before to the one after; a drift beyond three standard errors
/// is told.
Json idle_drift(const IdleModel& idle, const std::vector<telemetry::Domain>& domains) {
  constexpr double kTold = 3;
  Json list = Json::array();
  for (const auto& domain : domains) {
    const auto drift = idle.drift(domain.name);
    if (!drift) continue;
    list.push_back({{"domain", domain.name},
                    {"watts_per_minute", drift->value},
                    {"standard_error", drift->error},
                    {"significant", std::abs(drift->value) > kTold * drift->error}});
  }
  return list;
}

Json activity_list(const std::vector<ActivityPower>& activity) {
  Json list = Json::array();
  for (const auto& a : activity)
    list.push_back({{"domain", a.domain},
                    {"active_seconds", a.active_seconds},
                    {"idle_seconds", a.idle_seconds},
                    {"active_watts", or_null(a.active_watts)},
                    {"idle_watts", or_null(a.idle_watts)},
                    {"mean_watts", a.mean_watts}});
  return list;
}

/// What the whole run was for each domain; its validity are the rules that did not hold.
Json run_list(const std::vector<records::DomainEnergy>& energies) {
  Json list = Json::array();
  for (const auto& e : energies)
    list.push_back({{"domain", e.domain},
                    {"joules", or_null(e.joules)},
                    {"half_width_joules", e.joules ? Json(e.half_width_joules) : Json(nullptr)},
                    {"rule", e.rule},
                    {"coverage", e.coverage},
                    {"sensor_coverage", or_null(e.sensor_coverage)},
                    {"validity", e.validity},
                    {"reason", e.reason}});
  return list;
}

/// Temperatures, clocks and throttle reasons of each device over the run.
Json gauge_list(const std::vector<records::DeviceGauge>& devices) {
  Json list = Json::array();
  for (const auto& g : devices)
    list.push_back({{"domain", g.domain},
                    {"device", g.device},
                    {"gauge", g.gauge},
                    {"avg", g.stats.avg},
                    {"min", g.stats.min},
                    {"max", g.stats.max}});
  return list;
}

Json sampler_json(const telemetry::SelfReport& self) {
  const auto due = self.ticks + self.missed_ticks;
  return {{"period_seconds", self.period_seconds},
          {"achieved_hz", self.achieved_hz},
          {"ticks", self.ticks},
          {"missed_ticks", self.missed_ticks},
          {"missed_share",
           due > 0 ? Json(static_cast<double>(self.missed_ticks) / static_cast<double>(due)) : Json(nullptr)},
          {"dropped_samples", self.dropped_samples},
          {"lateness_p50_seconds", self.lateness_p50_seconds},
          {"lateness_p99_seconds", self.lateness_p99_seconds},
          {"lateness_p999_seconds", self.lateness_p999_seconds},
          {"lateness_max_seconds", self.lateness_max_seconds},
          {"cpu_seconds", self.cpu_seconds},
          {"wall_seconds", self.wall_seconds}};
}

}  // namespace

Json telemetry_card(const CardFacts& f) {
  return {{"source", f.source.description()},
          {"domains", domain_list(f.source.domains())},
          {"gpu_count", gpu_count(f.source.domains())},
          {"run", run_list(f.whole.energies)},
          {"gauges", gauge_list(f.whole.devices)},
          {"idle", idle_list(f.idle)},
          {"idle_drift", idle_drift(f.idle_model, f.source.domains())},
          {"activity", activity_list(f.activity)},
          {"sampler", sampler_json(f.self)},
          {"problems", f.self.problems}};
}

std::size_t gpu_count(const std::vector<telemetry::Domain>& domains) {
  const auto is_gpu = [](const telemetry::Domain& d) {
    return d.scope == telemetry::Scope::Accelerator && d.alternative_to.empty() &&
           d.method != telemetry::Method::Modelled;
  };
  return static_cast<std::size_t>(std::ranges::count_if(domains, [&](const telemetry::Domain& d) {
    const auto parent = std::ranges::find(domains, d.parent, &telemetry::Domain::name);
    return is_gpu(d) && (parent == domains.end() || !is_gpu(*parent));
  }));
}

}  // namespace ipw::execution
