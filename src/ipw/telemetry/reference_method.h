// SPDX-License-Identifier: Apache-2.0
// How the original's first release computes the energy of a query, so that both methods can be compared on
// one recording. Not used for measuring.
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

/// When a query was sent and when its last byte came.
struct QueryWindow {
  Instant begin{}, end{};
};

/// The energy of each query as the original has it: the last counter value before the query's end less the
/// last one before the end of the query before (for the first query: before its begin). Idle time between two
/// queries is billed to the later one; the value is as old as the last reading and the counter's period.
/// Queries in the order of time; absent where no reading precedes. Power sensors are summed by rectangles:
/// each reading times the time since the one before. Counters are taken as they are, with wraps and resets.
std::vector<std::optional<double>> reference_energies(std::span<const Reading> readings,
                                                      std::span<const QueryWindow> queries);

}  // namespace ipw::telemetry
