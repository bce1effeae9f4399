// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/work_curve.h"

#include <algorithm>

namespace ipw::telemetry {

namespace {

// The share of [begin, end] that lies before t.
double share_before(Instant begin, Instant end, Instant t) {
  if (t <= begin) return 0;
  if (t >= end) return 1;
  return to_seconds(t - begin) / to_seconds(end - begin);
}

}  // namespace

WorkCurve::WorkCurve(const Work& work)
    : sent_(work.sent),
      prefilled_(work.arrivals.empty() ? work.done : work.arrivals.front()),
      done_(work.done),
      prompt_tokens_(work.prompt_tokens.value_or(0)),
      arrivals_(work.arrivals),
      known_(work.prompt_tokens && (work.output_tokens || !work.arrivals.empty())) {
  const double events = static_cast<double>(arrivals_.size());
  decode_tokens_ = std::max(0.0, work.output_tokens.value_or(events) - 1);
}

Tokens WorkCurve::between(Instant from, Instant to) const {
  if (to <= from) return {};
  const double prefill =
      prompt_tokens_ * (share_before(sent_, prefilled_, to) - share_before(sent_, prefilled_, from));
  return {prefill, decoded(to) - decoded(from)};
}

double WorkCurve::decoded(Instant t) const {
  // One event or none: nothing is known of when the tokens were made.
  if (arrivals_.size() < 2)
    return decode_tokens_ * share_before(arrivals_.empty() ? sent_ : arrivals_.front(), done_, t);
  const auto next = std::ranges::upper_bound(arrivals_, t);
  if (next == arrivals_.begin()) return 0;
  if (next == arrivals_.end()) return decode_tokens_;
  const auto steps = static_cast<double>(next - arrivals_.begin() - 1) + share_before(*(next - 1), *next, t);
  return decode_tokens_ * steps / static_cast<double>(arrivals_.size() - 1);
}

}  // namespace ipw::telemetry
