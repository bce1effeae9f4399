// SPDX-License-Identifier: Apache-2.0
// Shelly plugs and meters. The first generation tells its type at /shelly, later ones their generation.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/collectors/http_meter.h"
#include "ipw/telemetry/collectors/meter_pages.h"

namespace ipw::telemetry {
namespace {

constexpr std::array<std::string_view, 6> kKeys{"user",     "password_file", "ca_file",
                                                "insecure", "channel",       "component"};

constexpr double kMostWatts = 4000;
constexpr double kStep = 3.6;  // joules: aenergy.total has three decimals of a Wh

Domain plug_domain(const HttpDevice& device, bool counts) {
  auto out = wall_domain("shelly", device.host(), kMostWatts,
                         "at the outlet: the whole machine with the losses of its supply");
  if (!counts) return out;
  out.method = Method::Counter;
  out.step_joules = kStep;
  return out;
}

/// 1 for the first generation. Throws Error(Unavailable).
std::int64_t generation(HttpDevice& device) {
  const auto page = device.get("/shelly");
  if (!page)
    throw Error(ErrorCode::Unavailable, page.error().reason, "is this the address of a Shelly device?");
  const auto json = parse_json(*page);
  if (!json || !json->is_object())
    throw Error(ErrorCode::Unavailable, fmt::format("{}/shelly: no JSON", device.host()));
  const auto it = json->find("gen");
  return it != json->end() && it->is_number_integer() ? it->get<std::int64_t>() : 1;
}

/// The method of a component: "switch" is Switch.GetStatus.
std::string component_path(const Params& params, std::size_t channel) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kComponents{
      {{"em", "EM"}, {"em1", "EM1"}, {"pm1", "PM1"}, {"switch", "Switch"}}};
  const auto name = params.text("component", "switch");
  const auto row = std::ranges::find(kComponents, name, [](const auto& r) { return r.first; });
  if (row == kComponents.end())
    throw Error(ErrorCode::Usage, fmt::format("shelly: unknown component '{}'", name),
                "known: em, em1, pm1, switch");
  return fmt::format("/rpc/{}.GetStatus?id={}", row->second, channel);
}

}  // namespace

std::unique_ptr<Collector> make_shelly(const CollectorOptions& options) {
  const auto params = parse_meter_argument("shelly", options.argument, kKeys);
  const auto channel =
      static_cast<std::size_t>(std::max<std::int64_t>(0, params.integer("channel").value_or(0)));
  const auto path = component_path(params, channel);
  const auto device = std::make_shared<HttpDevice>(meter_address(params, "http"));
  if (generation(*device) > 1) {
    const auto first = device->get(path);
    const auto value = first ? parse_shelly(*first) : Result<MeterValue, std::string>(MeterValue{});
    return collect_meter(make_http_meter(device, path, parse_shelly),
                         plug_domain(*device, value && value->joules.has_value()));
  }
  // The counter of the first generation has steps of a watt-minute or a watt-hour, so its power is
  // integrated.
  auto parse = [channel](std::string_view body) { return parse_shelly_first(body, channel); };
  return collect_meter(make_http_meter(device, "/status", parse), plug_domain(*device, false));
}

}  // namespace ipw::telemetry
