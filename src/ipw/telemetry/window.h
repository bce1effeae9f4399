// SPDX-License-Identifier: Apache-2.0
// Windows on the energy of domains: two edges on a cumulative series.
#pragma once
#include <span>

#include "ipw/telemetry/series.h"

namespace ipw::telemetry {

/// Measure a window of one domain: energy, its 95 % half-width and its hard bounds, and which rules of
/// validity did not hold. Where nothing is known the reason says why; where there is a value the reason says
/// what is wrong with it. `throttle` are the bits of ThrottleReason seen in the window.
records::DomainEnergy measure(const Series& series, Instant begin, Instant end, Rule rule = Rule::EdgeAware,
                              unsigned throttle = 0);

/// Power of several domains of one scope together, from change to change of the first one's counter: never 0
/// W only because a counter had not moved yet. The average is the energy of the window by its length.
std::optional<records::Stats> power_stats(std::span<const Series* const> domains, Instant begin, Instant end);

/// Describe values; absent when there are none. Sorts its argument.
std::optional<records::Stats> describe(std::vector<double> values);

}  // namespace ipw::telemetry
