// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/stuck.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ipw::telemetry {

namespace {

constexpr std::chrono::seconds kLeastStill{2}, kNeverMoved{10}, kPowerStill{10}, kLoadFresh{2};
constexpr int kSteps = 20, kPowerSteps = 50, kProven = 5;
constexpr std::chrono::seconds kAsleep{30};
constexpr double kLeastWatts = 1;
constexpr double kBusyPercent = 10, kLoadChange = 30;

bool may_rest(const Domain& domain) {
  return domain.method == Method::Modelled || domain.scope == Scope::Uncore ||
         (domain.scope == Scope::Wall && domain.update_seconds <= 0 && domain.step_joules <= 0);
}

}  // namespace

void StuckWatch::note_loads(const Sample& sample) {
  for (const GaugeReading& gauge : sample.gauges) {
    if (gauge.gauge == Gauge::CpuLoad) loads_[GaugeReading::kMachine] = {gauge.value, gauge.mid};
    if (gauge.gauge == Gauge::GpuUtilization && gauge.domain != GaugeReading::kMachine)
      loads_[gauge.domain] = {gauge.value, gauge.mid, true};
  }
}

// An accelerator's own load where it tells it, else the CPU's.
std::optional<StuckWatch::Load> StuckWatch::load_of(std::uint32_t index, const DomainList& domains,
                                                    Instant now) const {
  const Domain& domain = domains[index];
  std::vector<std::uint32_t> places{index};
  for (std::uint32_t i = 0; i < domains.size(); ++i) {
    if (domains[i].name == domain.alternative_to || domains[i].name == domain.parent) places.push_back(i);
  }
  places.push_back(GaugeReading::kMachine);
  for (const std::uint32_t place : places) {
    const auto load = loads_.find(place);
    if (load != loads_.end() && now - load->second.at <= kLoadFresh) return load->second;
  }
  return std::nullopt;
}

std::optional<std::string> StuckWatch::judge(const Reading& reading, const Domain& domain, const State& state,
                                             const std::optional<Load>& load) const {
  if (!load) return std::nullopt;
  const Nanoseconds still = reading.mid - *state.since;
  const Nanoseconds step = std::max(state.usual, from_seconds(domain.update_seconds));
  if (reading.energy_joules) {
    Nanoseconds limit = std::max<Nanoseconds>(kLeastStill, kSteps * step);
    // A meter that counts watt-hours takes long to its first step.
    if (state.changes < kProven)
      limit = std::max<Nanoseconds>(limit, kNeverMoved + from_seconds(domain.step_joules / kLeastWatts));
    // An accelerator may sleep while the CPU works.
    if (domain.scope == Scope::Accelerator && !load->own) limit = std::max<Nanoseconds>(limit, kAsleep);
    if (still < limit || load->percent < kBusyPercent) return std::nullopt;
    return fmt::format("stuck: the counter has stood at {:.3f} J for {:.1f} s under a load of {:.0f} %",
                       *reading.energy_joules, to_seconds(still), load->percent);
  }
  const double change = state.load_then ? std::abs(load->percent - *state.load_then) : 0;
  if (still < std::max<Nanoseconds>(kPowerStill, kPowerSteps * step) || change < kLoadChange)
    return std::nullopt;
  return fmt::format(
      "stuck: the sensor has shown {:.1f} W for {:.1f} s while the load went from {:.0f} to {:.0f} %",
      *reading.power_watts, to_seconds(still), *state.load_then, load->percent);
}

void StuckWatch::move(State& state, const Reading& reading, double value, const std::optional<Load>& load) {
  if (state.since && !state.stuck) {
    const Nanoseconds interval = reading.mid - *state.since;
    state.usual = std::max(interval, state.usual - state.usual / 16);
    ++state.changes;
  }
  state.value = value;
  state.since = reading.mid;
  state.stuck = false;
  state.load_then = load ? std::optional(load->percent) : std::nullopt;
}

std::vector<StuckWatch::Span> StuckWatch::examine(Sample& sample, const DomainList& domains) {
  note_loads(sample);
  if (states_.size() < domains.size()) states_.resize(domains.size());
  std::vector<Span> spans;
  std::erase_if(sample.readings, [&](const Reading& reading) {
    if (reading.domain >= domains.size() || may_rest(domains[reading.domain])) return false;
    State& state = states_[reading.domain];
    const auto value = reading.energy_joules ? reading.energy_joules : reading.power_watts;
    if (!value) return false;
    const auto load = load_of(reading.domain, domains, reading.mid);
    if (!state.since || *value != state.value) {
      if (state.stuck) spans.push_back({reading.domain, *state.since, reading.mid, "the sensor was stuck"});
      move(state, reading, *value, load);
      return false;
    }
    auto reason = judge(reading, domains[reading.domain], state, load);
    if (!reason && state.stuck) reason = "stuck: the value has not moved since there was load";
    if (!reason) return false;
    state.stuck = true;
    spans.push_back({reading.domain, *state.since, reading.mid, *reason});
    sample.silent.push_back({reading.domain, *reason, Cause::Stuck});
    return true;
  });
  return spans;
}

}  // namespace ipw::telemetry
