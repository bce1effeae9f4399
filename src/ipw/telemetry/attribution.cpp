// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/attribution.h"

#include <array>
#include <cmath>

#include "ipw/base/registry.h"

namespace ipw::telemetry {

namespace {

constexpr std::array<AttributionRule, 2> kRules{{
    {"time-share", "equal parts among the active requests",
     [](const Source& source, IdleWatts) { return time_share(source); }},
    {"work-share", "by the tokens that each request computed, idle power by time", work_share},
}};

}  // namespace

double unattributed(const DeviceShare& share) {
  const double left = share.device_joules - share.request_joules - share.idle_joules;
  return std::abs(left) < 1e-9 * share.device_joules ? 0 : left;
}

std::span<const AttributionRule> attribution_rules() {
  return kRules;
}

const AttributionRule& attribution_rule(std::string_view name) {
  return require("rule of attribution", attribution_rules(), name);
}

}  // namespace ipw::telemetry
