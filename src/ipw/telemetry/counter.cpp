// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/counter.h"

#include <cmath>

namespace ipw::telemetry {

using Kind = CounterStep::Kind;

std::optional<CounterStep> Counter::on_line(const Mark& from, Instant at, double raw) const {
  const double allowed = limits_.cap_watts * (to_seconds(at - from.since) + limits_.update_seconds);
  const double delta = raw - from.raw;
  if (delta >= 0 && delta <= allowed) return CounterStep{Kind::Advance, delta};
  const double wrapped = delta + limits_.wrap_joules.value_or(0);
  if (delta < 0 && limits_.wrap_joules && wrapped >= 0 && wrapped <= allowed)
    return CounterStep{Kind::Wrap, wrapped};
  return std::nullopt;
}

void Counter::accept(Instant at, double raw) {
  const bool moved = last_ && raw != last_->raw;
  const Instant since = !last_ ? at : moved ? last_->at : last_->since;
  last_ = Mark{at, raw, since};
  suspect_.reset();
}

CounterStep Counter::feed(Instant at, double raw) {
  if (!std::isfinite(raw) || raw < 0) return {Kind::Suspect};
  if (!last_) {
    accept(at, raw);
    return {Kind::First};
  }
  if (limits_.wrap_joules && to_seconds(at - last_->at) > *limits_.wrap_joules / limits_.cap_watts) {
    last_.reset();
    accept(at, raw);
    return {Kind::UnknownWraps};
  }
  if (auto step = on_line(*last_, at, raw)) {
    if (suspect_) step->kind = Kind::Glitch;
    accept(at, raw);
    return *step;
  }
  if (suspect_) {
    if (const auto step = on_line(*suspect_, at, raw)) {
      const Instant restart = suspect_->at;
      last_ = suspect_;
      accept(at, raw);
      return {Kind::Reset, step->joules, restart};
    }
  }
  suspect_ = Mark{at, raw, at};
  return {Kind::Suspect};
}

}  // namespace ipw::telemetry
