// SPDX-License-Identifier: Apache-2.0
// What `ipw telemetry` shows, as text and JSON: pure functions.
#pragma once
#include <string>

#include "ipw/base/json.h"
#include "ipw/telemetry/live_view.h"

namespace ipw::cli {

/// One line for a domain: power, energy, cadence, source, status. Its columns have the same widths in every
/// line.
std::string live_line(const telemetry::LiveDomain& live);
std::string live_line(const telemetry::LiveGauge& gauge);
/// The line above them.
std::string live_heading();
Json to_json(const telemetry::LiveDomain& live);
Json to_json(const telemetry::LiveGauge& gauge);

/// The two tables of `ipw telemetry --compare`: what was seen of each source, and what disagrees and why.
std::string comparison_text(const telemetry::SourceComparison& comparison, int width);
Json to_json(const telemetry::SourceComparison& comparison);

}  // namespace ipw::cli
