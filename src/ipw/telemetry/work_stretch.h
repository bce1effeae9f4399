// SPDX-License-Identifier: Apache-2.0
// A stretch of a run, and what each request did in it.
#pragma once
#include <vector>

#include "ipw/telemetry/token_fit.h"

namespace ipw::telemetry {

/// What one request did in one stretch.
struct Part {
  std::int64_t request = 0;
  Tokens tokens;
  double active_seconds = 0, idle_share_seconds = 0;
  bool known = false;                      ///< it tells its tokens
  bool ends = false;                       ///< in this stretch
  std::vector<records::DomainEnergy> own;  ///< measured, where no two requests overlap
};

struct Stretch {
  Instant begin{}, end{};
  std::vector<Part> parts;
  double nobody_seconds = 0;
  int most = 0;        ///< active at once
  bool alone = false;  ///< one request, all the time
  std::vector<records::DomainEnergy> energies;
};

/// How much of the work of a stretch each of its parts did.
struct Shares {
  std::vector<double> share;         ///< sums to 1
  std::vector<double> by_log_ratio;  ///< its derivative after ln(c_p / c_d)
};
/// Who does not tell its tokens is taken to work as fast as the others on average; without any work all are
/// equal in time.
Shares shares_of(const Stretch& stretch, const std::optional<FittedTokens>& fit);

}  // namespace ipw::telemetry
