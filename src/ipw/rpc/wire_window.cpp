// SPDX-License-Identifier: Apache-2.0
// The messages of the Window call.
#include <algorithm>
#include <cmath>

#include "ipw/rpc/wire.h"

namespace ipw::rpc {
namespace {

using telemetry::Validity;

static_assert(static_cast<int>(Validity::Invalid) + 1 == energy::VERDICT_INVALID);

double finite(double value) {
  return std::isfinite(value) && value > 0 ? value : 0;
}

void fill(energy::WindowEnergy& out, const WindowEnergy& judged) {
  const records::DomainEnergy& in = judged.energy;
  out.set_domain(in.domain);
  out.set_scope(in.scope);
  if (in.joules && std::isfinite(*in.joules)) out.set_joules(*in.joules);
  out.set_half_width_joules(finite(in.half_width_joules));
  out.set_random_half_width_joules(finite(in.random_half_width_joules));
  if (in.low_joules) out.set_low_joules(*in.low_joules);
  if (in.high_joules) out.set_high_joules(*in.high_joules);
  out.set_coverage(in.coverage);
  out.set_gap_seconds(judged.gap_seconds);
  if (in.sensor_coverage) out.set_sensor_coverage(*in.sensor_coverage);
  out.set_method(in.method);
  out.set_rule(in.rule);
  out.set_verdict(static_cast<energy::Verdict>(static_cast<int>(judged.verdict) + 1));
  for (const auto& rule : in.validity) out.add_broken_rules(rule);
  out.set_reason(in.reason);
  out.set_alternative_to(in.alternative_to);
}

Validity verdict_from(int value) {
  const bool known = value >= energy::VERDICT_VALID && value <= energy::VERDICT_INVALID;
  return known ? static_cast<Validity>(value - 1) : Validity::LowConfidence;
}

WindowEnergy energy_from(const energy::WindowEnergy& in) {
  WindowEnergy out;
  records::DomainEnergy& energy = out.energy;
  energy.domain = in.domain();
  energy.scope = in.scope();
  if (in.has_joules() && std::isfinite(in.joules())) energy.joules = in.joules();
  energy.half_width_joules = finite(in.half_width_joules());
  energy.random_half_width_joules = finite(in.random_half_width_joules());
  if (in.has_low_joules() && std::isfinite(in.low_joules())) energy.low_joules = in.low_joules();
  if (in.has_high_joules() && std::isfinite(in.high_joules())) energy.high_joules = in.high_joules();
  energy.coverage = std::min(1.0, finite(in.coverage()));
  out.gap_seconds = finite(in.gap_seconds());
  if (in.has_sensor_coverage()) energy.sensor_coverage = std::min(1.0, finite(in.sensor_coverage()));
  energy.method = in.method();
  energy.rule = in.rule();
  out.verdict = verdict_from(in.verdict());
  energy.validity.assign(in.broken_rules().begin(), in.broken_rules().end());
  energy.reason = in.reason();
  energy.alternative_to = in.alternative_to();
  return out;
}

}  // namespace

energy::WindowResponse to_wire(const WindowAnswer& answer) {
  energy::WindowResponse out;
  out.set_begin_ns(to_nanos(answer.begin));
  out.set_end_ns(to_nanos(answer.end));
  out.set_settled(answer.settled);
  for (const auto& energy : answer.energies) fill(*out.add_energies(), energy);
  return out;
}

WindowAnswer from_wire(const energy::WindowResponse& message) {
  WindowAnswer out{from_nanos(message.begin_ns()), from_nanos(message.end_ns()), message.settled(), {}};
  for (const auto& energy : message.energies()) out.energies.push_back(energy_from(energy));
  return out;
}

}  // namespace ipw::rpc
