// SPDX-License-Identifier: Apache-2.0
// The gain of a sensor against a reference meter: found under a square wave of load, kept in a file, applied
// to readings.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ipw/base/json.h"
#include "ipw/base/result.h"
#include "ipw/telemetry/collector.h"

namespace ipw::telemetry {

/// One step of the load.
struct LoadPhase {
  Instant begin{}, end{};
  double level = 0;  ///< 0 idle to 1 full
};

/// Energy between two instants in joules, or nothing.
using EnergyBetween = std::function<std::optional<double>(Instant begin, Instant end)>;

/// Compare sensor and reference over the phases of a load. Between neighbouring phases all that is constant
/// or drifts evenly cancels, so the gain is that of the changes. `guard` is left out at both ends of each
/// phase: the delays and averages of both. The error says why no gain can be stated: too few steps, too small
/// a swing, steps that contradict each other by more than 2 %.
Result<GainFit, std::string> fit_gain(std::span<const LoadPhase> phases, const EnergyBetween& sensor,
                                      const EnergyBetween& reference, Nanoseconds guard);

/// A file of calibrations with the machine that they are of.
struct CalibrationFile {
  std::string host;
  std::vector<Calibration> entries;
};
/// Throws Error(NotFound | Format) that names the file and the key.
CalibrationFile read_calibrations(const std::filesystem::path& path);
Json to_json(const CalibrationFile& file);
void write_calibrations(const std::filesystem::path& path, const CalibrationFile& file);

/// The same collector with the gains of its calibrated domains applied, and the offsets to those that tell
/// power; its domains say so. Others pass as they are.
std::unique_ptr<Collector> calibrated(std::unique_ptr<Collector> collector,
                                      std::vector<Calibration> calibrations);

}  // namespace ipw::telemetry
