// SPDX-License-Identifier: Apache-2.0
// The words for scopes, methods and gauges, as they stand in files and on the wire.
#pragma once
#include <optional>
#include <string_view>

#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

std::string_view to_string(Gauge gauge);
std::string_view to_string(Cause cause);
std::optional<Scope> scope_from(std::string_view text);
std::optional<Method> method_from(std::string_view text);
std::optional<Gauge> gauge_from(std::string_view text);
std::optional<Cause> cause_from(std::string_view text);

}  // namespace ipw::telemetry
