// SPDX-License-Identifier: Apache-2.0
// Why two sensors disagree: all sources of a machine side by side, and the cause of each disagreement by
// named rules (telemetry.md section 4, 16).
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/telemetry/cadence.h"
#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

/// What one domain read over a window; the domain as it describes itself.
struct ObservedSource {
  Domain domain;
  std::vector<Reading> readings;
};

/// What was found out about one source.
struct SourceView {
  std::string domain;
  std::optional<double> watts;  ///< mean over the common window
  double half_width_watts = 0;  ///< 95 %
  std::optional<UpdateEstimate> update;
  std::optional<AveragingEstimate> averaging;  ///< power sensors beside a counter, under a load that varies
  std::string reason;                          ///< why there are no watts
};

/// The known causes, each a rule.
enum class Lie {
  SecondDieZero,
  Stuck,
  ModuleAsGpu,
  WrongUnit,
  Scaled,
  HalfRate,
  LongAverage,
  ParentBelowChildren,
  Mirrored,
  WallBelowInside,
  Unexplained
};
std::string_view to_string(Lie lie);

/// One disagreement: which source, with what it was compared, and why it is so in all likelihood.
struct Disagreement {
  Lie lie = Lie::Unexplained;
  std::string source, against;
  std::optional<double> ratio;  ///< of their mean powers
  std::string cause;            ///< for people
};

struct SourceComparison {
  double seconds = 0;  ///< the window that all sources share
  std::vector<SourceView> sources;
  std::vector<Disagreement> disagreements;
};

/// Compare sources that were read over the same time: primaries with their alternatives, parents with the sum
/// of their children, the wall with what is inside, sisters with each other. Differences within the stated
/// gain of both and 2 % are none. Pure; needs about 5 s and, for averages and mirrors, a load that varies.
SourceComparison compare_sources(std::span<const ObservedSource> sources);

}  // namespace ipw::telemetry
