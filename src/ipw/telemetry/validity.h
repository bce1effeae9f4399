// SPDX-License-Identifier: Apache-2.0
// Whether the energy of a window may be used: named rules over plain facts, so that whoever reads a record
// can recompute the verdict. The page docs/reference/validity.md lists them.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ipw::telemetry {

/// All that the rules look at. Facts nobody knows keep their defaults, which break no rule.
struct WindowFacts {
  double seconds = 0;  ///< length of the window
  std::optional<double> joules;
  double half_width_joules = 0;
  double coverage = 1;           ///< share of the window that readings cover
  double sensor_coverage = 1;    ///< share of the time a power sensor looks: W / T
  double gap_seconds = 0;        ///< resets and silences within the window
  double update_seconds = 0;     ///< T of the sensor, 0: unknown
  double averaging_seconds = 0;  ///< W of a power sensor, 0: unknown
  bool unknown_wraps = false;    ///< the counter may have wrapped more than once in a gap
  bool stuck = false;            ///< the counter did not move at all
  bool modelled = false;         ///< no sensor: estimated from load
  unsigned throttle = 0;         ///< bits of ThrottleReason
};

enum class Validity {
  Valid,
  LowConfidence,  ///< usable with the stated interval, not comparable without a look at the rules
  Invalid         ///< no figure to publish
};
std::string_view to_string(Validity validity);

/// A rule: what must hold, and the verdict when it does not.
struct ValidityRule {
  std::string_view id;
  Validity verdict;
  std::string_view meaning;
  bool (*broken)(const WindowFacts&);
};
/// All rules, by name.
std::span<const ValidityRule> validity_rules();

struct Judgement {
  Validity verdict = Validity::Valid;
  std::vector<std::string> rules;  ///< ids of those that are broken, the gravest first
};
/// Pure; the same facts give the same judgement everywhere.
Judgement judge(const WindowFacts& facts);
/// The verdict of a list of broken rules, as it stands in a record. Unknown ids count as LowConfidence.
Validity verdict_of(std::span<const std::string> rules);
/// What a rule means, for people; empty for an unknown id.
std::string explain(std::string_view rule);

}  // namespace ipw::telemetry
