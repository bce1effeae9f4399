// SPDX-License-Identifier: Apache-2.0
// Every figure of ours is a ratio of two means over queries; here is its one estimator and its one interval.
#pragma once
#include <functional>

#include "ipw/analysis/analysis.h"
#include "ipw/analysis/run.h"

namespace ipw::analysis {

/// How intervals are drawn: options `seed` (default 0) and `draws` (default 2000).
struct Precision {
  std::uint64_t seed = 0;
  std::size_t draws = 2000;
};
/// Throws Error(Usage) for negative or too few draws.
Precision precision_from(const Params& options);

/// What a query adds to (sum a / count a) / (sum b / count b). A value that is absent does not count.
struct Terms {
  std::optional<double> a, b;
};

/// What is estimated, and from what.
struct Estimand {
  std::string label, unit;
  std::function<Terms(const QueryRow&)> terms;
  bool from_energy = false;              ///< carries scope, method and the sensor's systematic half-width
  std::string missing = "not measured";  ///< reason when no query has a value
};

/// What the bootstrap draws from, at most. More questions than this are put into as many groups by a hash of
/// the question, and whole groups are drawn: the spread of group sums estimates the same variance, its
/// standard deviation to about 1 in sqrt(2 groups), in memory and time that do not grow.
inline constexpr std::size_t kMostUnits = 4096;

/// Value with its 95 % interval: percentile bootstrap that draws whole questions (or groups of them), joined
/// in quadrature with the systematic half-width of the energy (JCGM 100:2008, 5.1.2). Needs two questions for
/// an interval.
Figure estimate(const RunData& run, const Estimand& what, const Precision& precision);
/// The mean of one value per query.
Estimand mean_of(std::string label, std::string unit,
                 std::function<std::optional<double>(const QueryRow&)> value, bool from_energy = false);
/// Accuracy over answered and failed queries, with Wilson's interval (or the bootstrap's where questions
/// repeat).
Figure accuracy_figure(const RunData& run, const Precision& precision);

/// 1 for correct, 0 for wrong and failed, absent for unscored.
std::optional<double> score(const QueryRow& row);
/// The sensor's relative half-width of the energy of all queries together: the gain is common to them and
/// does not average out, the errors of the edges are new with every window and add in quadrature.
double sensor_share(const RunData& run);
/// Widen an interval by a relative systematic half-width.
stats::Interval with_systematic(stats::Interval interval, double value, double share);

}  // namespace ipw::analysis
