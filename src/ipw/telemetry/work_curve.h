// SPDX-License-Identifier: Apache-2.0
// How much of its work a request had done by an instant.
#pragma once
#include <vector>

#include "ipw/telemetry/attribution.h"

namespace ipw::telemetry {

struct Tokens {
  double prefill = 0, decode = 0;
};

/// Prefill goes evenly from sending to the first token, which comes out of it; each later token is made
/// between the arrival before and its own. Immutable.
class WorkCurve {
 public:
  WorkCurve() = default;
  explicit WorkCurve(const Work& work);
  /// Tokens computed between two instants.
  Tokens between(Instant from, Instant to) const;
  /// Both counts are known.
  bool known() const { return known_; }

 private:
  double decoded(Instant t) const;

  Instant sent_{}, prefilled_{}, done_{};
  double prompt_tokens_ = 0, decode_tokens_ = 0;
  std::vector<Instant> arrivals_;
  bool known_ = false;
};

}  // namespace ipw::telemetry
