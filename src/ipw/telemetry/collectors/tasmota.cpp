// SPDX-License-Identifier: Apache-2.0
// Plugs with the firmware Tasmota. Its web server takes user and password as parts of the query, not as
// credentials.
#include <fmt/format.h>

#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/collectors/http_meter.h"
#include "ipw/telemetry/collectors/meter_pages.h"

namespace ipw::telemetry {
namespace {

constexpr std::array<std::string_view, 3> kKeys{"user", "password_file", "status"};

constexpr double kMostWatts = 4000;

}  // namespace

std::unique_ptr<Collector> make_tasmota(const CollectorOptions& options) {
  const auto params = parse_meter_argument("tasmota", options.argument, kKeys);
  auto address = meter_address(params, "http");
  std::string path = fmt::format("/cm?cmnd=Status%20{}", params.integer("status").value_or(10));
  if (address.credentials)
    path += fmt::format("&user={}&password={}", http::percent_encode(address.credentials->user),
                        http::percent_encode(address.credentials->password));
  address.credentials.reset();
  const auto device = std::make_shared<HttpDevice>(std::move(address));
  auto domain =
      wall_domain("tasmota", device->host(), kMostWatts,
                  "at the outlet: the whole machine with the losses of its supply; many of these plugs tell "
                  "whole watts");
  return collect_meter(make_http_meter(device, std::move(path), parse_tasmota), std::move(domain));
}

}  // namespace ipw::telemetry
