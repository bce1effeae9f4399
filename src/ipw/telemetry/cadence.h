// SPDX-License-Identifier: Apache-2.0
// How often a sensor renews its value (T) and over how long it averages (W), found out from its readings.
#pragma once
#include <functional>
#include <optional>
#include <span>

#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

/// The cadence that the readings of one domain show.
struct UpdateEstimate {
  double distinct_hz = 0;    ///< different values per second: the rate really achieved
  double seconds = 0;        ///< T, the time between two renewals
  bool upper_bound = false;  ///< nearly every read was new: the sensor may be faster than T
  double poll_seconds = 0;   ///< mean time between two reads
  std::size_t changes = 0;   ///< values seen that differed from the one before
};
/// Measure the time between value changes. Under load a counter changes at each renewal; a power value may
/// repeat itself, which is told from a slow sensor where it is read often enough. Absent with fewer than
/// three changes: too short, no load, or stuck. Pure.
std::optional<UpdateEstimate> detect_update(std::span<const Reading> readings);

/// Cumulative energy of what the sensor looks at, in joules; absent where it is not known.
using EnergyCurve = std::function<std::optional<double>(Instant)>;

struct AveragingEstimate {
  double seconds = 0;            ///< W: each value is the mean power of this long before its renewal
  double explained = 0;          ///< share of the variance that the fit explains, 0..1
  bool at_least_update = false;  ///< W >= T: no time goes unseen
};
/// Fit a boxcar: the width whose trailing means of the reference follow the power values best, the
/// offset free and the gain within a third of 1. The reference is a counter, or the known energy of a
/// square-wave load (telemetry.md 3.2). Absent when the load does not vary enough to tell. Pure.
std::optional<AveragingEstimate> detect_averaging(std::span<const Reading> readings,
                                                  const UpdateEstimate& update, const EnergyCurve& reference);

}  // namespace ipw::telemetry
