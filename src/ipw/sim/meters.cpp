// SPDX-License-Identifier: Apache-2.0
#include "ipw/sim/meters.h"

#include <fmt/format.h>

#include <array>
#include <functional>
#include <nlohmann/json.hpp>

#include "ipw/base/json.h"

namespace ipw::sim {
namespace {

struct Shown {
  double watts = 0, joules = 0;
};

const FaultPlan* active_at_wall(const Machine& machine, Fault kind, std::int64_t at_ns) {
  for (const auto& plan : machine.wall_faults)
    if (plan.fault == kind && plan.from_ns <= at_ns && at_ns < plan.until_ns) return &plan;
  return nullptr;
}

/// The value that was taken last.
Shown shown(const Machine& machine, const MeterOptions& options, std::int64_t at_ns) {
  if (const auto* frozen = active_at_wall(machine, Fault::Frozen, at_ns)) at_ns = frozen->from_ns;
  const auto epoch = (*machine.world)->epoch_ns;
  const std::int64_t period = std::llround(options.update_seconds * 1e9);
  const auto taken = epoch + (at_ns - epoch) / period * period;
  const auto joules = wall_joules(machine, options, taken);
  Shown out{
      (joules - wall_joules(machine, options, std::max(epoch, taken - period))) / options.update_seconds,
      joules};
  if (const auto* reset = active_at_wall(machine, Fault::Reset, at_ns))
    out.joules -= wall_joules(machine, options, reset->from_ns);
  return out;
}

using Page = Json (*)(const Shown&);

Json link(const char* path) {
  return {{"@odata.id", path}};
}

double hundredths(double value) {
  return std::round(value * 100) / 100;
}

constexpr std::array<std::pair<std::string_view, Page>, 10> kPages{{
    {"/shelly",
     [](const Shown&) -> Json {
       return {{"id", "shellyplus-simulated"}, {"gen", 2}};
     }},
    {"/rpc/Switch.GetStatus?id=0",
     [](const Shown& s) -> Json {
       return {{"id", 0},
               {"apower", std::round(s.watts * 10) / 10},
               {"aenergy", {{"total", std::floor(s.joules / 3.6) / 1000}}}};
     }},
    {"/gen1/shelly",
     [](const Shown&) -> Json {
       return {{"type", "SHPLG-SIM"}};
     }},
    {"/gen1/status",
     [](const Shown& s) -> Json {
       return {
           {"meters",
            {{{"power", hundredths(s.watts)}, {"is_valid", true}, {"total", std::floor(s.joules / 60)}}}}};
     }},
    {"/cm?cmnd=Status%2010",
     [](const Shown& s) -> Json {
       return {
           {"StatusSNS",
            {{"ENERGY", {{"Total", std::floor(s.joules / 3600) / 1000}, {"Power", std::round(s.watts)}}}}}};
     }},
    {"/redfish/v1/Chassis",
     [](const Shown&) -> Json {
       return {{"Members", {link("/redfish/v1/Chassis/Rack"), link("/redfish/v1/Chassis/1")}}};
     }},
    {"/redfish/v1/Chassis/Rack",
     [](const Shown&) -> Json {
       return {{"Id", "Rack"}};
     }},
    {"/redfish/v1/Chassis/1",
     [](const Shown&) -> Json {
       return {{"Id", "1"},
               {"Power", link("/redfish/v1/Chassis/1/Power")},
               {"EnvironmentMetrics", link("/redfish/v1/Chassis/1/EnvironmentMetrics")}};
     }},
    {"/redfish/v1/Chassis/1/Power",
     [](const Shown& s) -> Json {
       return {{"PowerControl", {{{"PowerConsumedWatts", std::round(s.watts)}}}}};
     }},
    {"/redfish/v1/Chassis/1/EnvironmentMetrics",
     [](const Shown& s) -> Json {
       return {{"PowerWatts", {{"Reading", hundredths(s.watts)}}}};
     }},
}};

/// What the fault of the moment makes of every page, or nothing.
std::optional<http::ServerResponse> faulty(const Machine& machine, std::int64_t at_ns) {
  const http::Headers json = {{"Content-Type", "application/json"}};
  if (active_at_wall(machine, Fault::Vanished, at_ns) != nullptr)
    return http::ServerResponse{404, {}, "", {}};
  if (const auto* error = active_at_wall(machine, Fault::Error, at_ns))
    return http::ServerResponse{
        error->value >= 400 && error->value < 600 ? static_cast<int>(error->value) : 500, {}, "", {}};
  if (active_at_wall(machine, Fault::Garbage, at_ns) != nullptr)
    return http::ServerResponse{200, json, std::string("{\"apower\": nan\0\xff[[[[", 21), {}};
  const auto* hang = active_at_wall(machine, Fault::Hang, at_ns);
  if (hang == nullptr) return std::nullopt;
  const Nanoseconds until(hang->until_ns - at_ns);
  return http::ServerResponse{200, json, "", [until, n = 0]() mutable {
                                return ++n == 1 ? http::Piece{"{}", until, true} : http::Piece{};
                              }};
}

}  // namespace

double wall_joules(const Machine& machine, const MeterOptions& options, std::int64_t at_ns) {
  const World& world = **machine.world;
  double joules = options.overhead_watts * static_cast<double>(at_ns - world.epoch_ns) * 1e-9;
  for (std::size_t i = 0; i < machine.names.size(); ++i) joules += true_joules(world, world.device[i], at_ns);
  return joules / options.efficiency;
}

std::optional<http::ServerResponse> meter_page(const Machine& machine, const MeterOptions& options,
                                               const http::ServerRequest& request) {
  const auto* row = std::ranges::find(kPages, request.target, [](const auto& page) { return page.first; });
  if (row == kPages.end()) return std::nullopt;
  const auto now = now_ns(**machine.world);
  if (auto out = faulty(machine, now)) return out;
  return http::ServerResponse{
      200, {{"Content-Type", "application/json"}}, dump_json(row->second(shown(machine, options, now))), {}};
}

}  // namespace ipw::sim
