// SPDX-License-Identifier: Apache-2.0
// Short ways to make instants, readings and series in tests.
#pragma once
#include <cmath>

#include "ipw/telemetry/series.h"
#include "ipw/telemetry/signal.h"

namespace ipw::telemetry {

inline Instant at(double seconds) {
  return Instant(from_seconds(seconds));
}

inline Reading energy_reading(double seconds, double joules, std::uint32_t domain = 0) {
  Reading out;
  out.domain = domain;
  out.mid = at(seconds);
  out.energy_joules = joules;
  return out;
}

inline Reading power_reading(double seconds, double watts) {
  Reading out;
  out.mid = at(seconds);
  out.power_watts = watts;
  return out;
}

inline Domain make_domain(std::string name, Scope scope = Scope::Package, double cap_watts = 1500) {
  Domain out;
  out.name = std::move(name);
  out.scope = scope;
  out.cap_watts = cap_watts;
  return out;
}

/// What a counter shows that takes a new value every `update` seconds.
inline double shown(const Signal& signal, double seconds, double update, double phase = 0) {
  return signal.joules(std::max(0.0, std::floor((seconds - phase) / update) * update + phase));
}

/// Read a counter of the signal every `poll` seconds.
inline Series poll_counter(const Signal& signal, double seconds, double update, double poll, double phase = 0,
                           Domain domain = make_domain("package-0")) {
  Series series(std::move(domain));
  const int reads = static_cast<int>(seconds / poll);
  for (int n = 0; n <= reads; ++n)
    series.feed(energy_reading(n * poll, shown(signal, n * poll, update, phase)));
  return series;
}

}  // namespace ipw::telemetry
