// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/work_stretch.h"

namespace ipw::telemetry {

Shares shares_of(const Stretch& stretch, const std::optional<FittedTokens>& fit) {
  const double c_p = fit ? fit->prefill : kDefaultTokenRatio, c_d = fit ? fit->decode : 1;
  Shares out;
  double sum = 0, prefill = 0, known_work = 0, known_seconds = 0;
  for (const Part& part : stretch.parts) {
    out.share.push_back(c_p * part.tokens.prefill + c_d * part.tokens.decode);
    if (part.known) known_work += out.share.back(), known_seconds += part.active_seconds;
  }
  const double pace = known_work > 0 ? known_work / known_seconds : 1;
  for (std::size_t k = 0; k < stretch.parts.size(); ++k) {
    const Part& part = stretch.parts[k];
    if (!part.known || known_work <= 0) out.share[k] = pace * part.active_seconds;
    sum += out.share[k];
    prefill += part.known ? c_p * part.tokens.prefill : 0;
  }
  for (std::size_t k = 0; k < stretch.parts.size(); ++k) {
    if (sum > 0) out.share[k] /= sum;
    const double own = stretch.parts[k].known ? c_p * stretch.parts[k].tokens.prefill : 0;
    out.by_log_ratio.push_back(sum > 0 ? (own - out.share[k] * prefill) / sum : 0);
  }
  return out;
}

}  // namespace ipw::telemetry
