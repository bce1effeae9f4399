// SPDX-License-Identifier: Apache-2.0
// Management controllers over Redfish (DMTF DSP0266, DSP0268): the first chassis that tells its power, or a
// named one.
#include <fmt/format.h>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/collectors/http_meter.h"
#include "ipw/telemetry/collectors/meter_pages.h"

namespace ipw::telemetry {
namespace {

constexpr std::array<std::string_view, 5> kKeys{"user", "password_file", "ca_file", "insecure", "chassis"};

constexpr double kMostWatts = 20'000;

std::string must_get(HttpDevice& device, const std::string& path) {
  auto body = device.get(path);
  if (!body)
    throw Error(ErrorCode::Unavailable, body.error().reason,
                "user=NAME,password_file=FILE log in; ca_file=FILE or insecure=1 accept its certificate");
  return *body;
}

/// The page with the power of a chassis: EnvironmentMetrics is the newer one, Power the older.
std::string power_page(HttpDevice& device, const std::string& chassis) {
  const auto body = must_get(device, chassis);
  for (const auto* key : {"EnvironmentMetrics", "Power"}) {
    const auto path = redfish_link(body, key);
    if (path.empty()) continue;
    const auto page = device.get(path);
    if (page && parse_redfish(*page)) return path;
  }
  return {};
}

std::string find_power_page(HttpDevice& device, const Params& params) {
  const auto wanted = params.get("chassis");
  std::vector<std::string> seen;
  for (const auto& chassis : redfish_members(must_get(device, "/redfish/v1/Chassis"))) {
    const auto name = chassis.substr(chassis.rfind('/') + 1);
    seen.push_back(name);
    if (wanted && *wanted != name) continue;
    if (auto page = power_page(device, chassis); !page.empty()) return page;
  }
  throw Error(ErrorCode::Unavailable, fmt::format("{}: no chassis tells its power", device.host()),
              fmt::format("it has: {}", join(seen, ", ")));
}

}  // namespace

std::unique_ptr<Collector> make_redfish(const CollectorOptions& options) {
  const auto params = parse_meter_argument("redfish", options.argument, kKeys);
  const auto device = std::make_shared<HttpDevice>(meter_address(params, "https"));
  auto path = find_power_page(*device, params);
  return collect_meter(
      make_http_meter(device, std::move(path), parse_redfish),
      wall_domain("redfish", device->host(), kMostWatts,
                  "from the management controller; its averaging is not known, and may last minutes"));
}

}  // namespace ipw::telemetry
