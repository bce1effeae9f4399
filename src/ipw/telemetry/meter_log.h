// SPDX-License-Identifier: Apache-2.0
// The log of a meter that runs on its own: read, and laid over a load that it has seen.
#pragma once
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "ipw/telemetry/calibration.h"

namespace ipw::telemetry {

struct MeterLogRow {
  double unix_seconds = 0, watts = 0;
};

/// Read a log in ascending time: CSV with a header that names a time and a power column (ISO 8601 in UTC or
/// with an offset, or Unix seconds), or the lines of SPEC's PTDaemon ("Time,MM-DD-YYYY
/// hh:mm:ss.mmm,Watts,..."). Throws Error(Format) that names the line.
std::vector<MeterLogRow> parse_meter_log(std::string_view text);

/// By how much the meter's clock is ahead of ours, in seconds: the shift within +-`most_seconds` at which its
/// power follows the load best. `wall_minus_monotonic` is what our clocks differ by. Absent when the power
/// does not follow the load at all (correlation below 0.5).
std::optional<double> clock_lead(std::span<const MeterLogRow> log, std::span<const LoadPhase> phases,
                                 double wall_minus_monotonic, double most_seconds = 60);

/// The energy of the log between two instants of our clock; nothing outside of it or across holes of more
/// than 10 s.
EnergyBetween energy_of_log(std::vector<MeterLogRow> log, double wall_minus_monotonic_and_lead);

}  // namespace ipw::telemetry
