// SPDX-License-Identifier: Apache-2.0
// The rules of compare_sources(), apart from its arithmetic.
#pragma once
#include <vector>

#include "ipw/telemetry/compare_sources.h"
#include "ipw/telemetry/series.h"

namespace ipw::telemetry {

/// A source with all that the rules look at.
struct Observation {
  const ObservedSource* source = nullptr;
  Series series;
  SourceView view{};
  std::vector<std::optional<double>> bins{};  ///< mean power of each second of the window
  bool all_zero = true;                       ///< every value that was read is 0
};

/// Whether two domains stand for one quantity: one is an alternative of the other, or both of a third.
bool measure_the_same(const Observation& a, const Observation& b);

/// Apply every rule; at most one disagreement for a pair. Pure.
std::vector<Disagreement> find_lies(const std::vector<Observation>& all);

}  // namespace ipw::telemetry
