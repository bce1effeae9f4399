// SPDX-License-Identifier: Apache-2.0
// Rows of a fit over longer and longer stretches of a run.
#pragma once
#include <array>
#include <map>
#include <optional>
#include <vector>

#include "ipw/telemetry/token_fit.h"

namespace ipw::telemetry {

/// Adjoining stretches joined by two, by four and so on. What a sensor puts into the wrong stretch is the
/// same for a long one as for a short one, but the work of the requests grows: so the residues of long
/// stretches tell how far requests deviate from the rule, those of short ones how coarse the sensor is.
/// Memory is bounded by the requests of the longest. One thread at a time.
class DeviationLadder {
 public:
  struct Stretch {
    std::map<std::int64_t, Tokens> tokens;      ///< by request
    std::vector<std::optional<double>> joules;  ///< above idle, by domain
  };
  void add(Stretch stretch) { climb(std::move(stretch), 0); }
  /// The next stretch does not adjoin the last one.
  void interrupt() { waiting_ = {}; }
  /// How far one request's cost is from the rule, as a share (1 sigma, widened for few rows), from the
  /// longest stretches of which there are enough; absent when there are too few of any.
  std::optional<double> deviation(std::size_t domain, const FittedTokens& fit) const;

 private:
  static constexpr std::size_t kLevels = 6;
  void climb(Stretch stretch, std::size_t level);

  std::array<std::optional<Stretch>, kLevels> waiting_;
  std::array<std::vector<TokenFit>, kLevels> rows_;  ///< by domain
};

}  // namespace ipw::telemetry
