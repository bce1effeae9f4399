// SPDX-License-Identifier: Apache-2.0
// The history of one gauge: temperature, memory, load.
#pragma once
#include <deque>
#include <optional>
#include <utility>

#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

/// Keep the last hour of a gauge; older values go. Several devices of one gauge give one value per tick: the
/// caller adds or averages them. One thread at a time.
class GaugeHistory {
 public:
  void feed(Instant at, double value);
  /// Describe the values read in the window; if none was, the last one before it, at most a second old.
  std::optional<records::Stats> window(Instant begin, Instant end) const;

 private:
  std::deque<std::pair<Instant, float>> values_;
};

/// Tell whether the devices of a gauge add up (memory) or are averaged (temperature, load).
bool adds_up(Gauge gauge);

}  // namespace ipw::telemetry
