// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/live_view.h"

#include <algorithm>

namespace ipw::telemetry {

namespace {

constexpr auto kKept = std::chrono::seconds(30);
constexpr std::size_t kMostReadings = 60'000;  // half a minute at 2 kHz
constexpr double kPowerSeconds = 1;
// A domain whose last reading is older does not hold the view back.
constexpr auto kLate = std::chrono::seconds(3);

void fill_averaging(LiveDomain& out, double averaging_seconds) {
  out.averaging_seconds = averaging_seconds;
  if (out.update_seconds) out.coverage = std::min(1.0, averaging_seconds / *out.update_seconds);
}

void fill_cadence(LiveDomain& out, const std::deque<Reading>& readings) {
  const std::vector<Reading> all(readings.begin(), readings.end());
  out.update = detect_update(all);
  const bool counter = !all.empty() && all.back().energy_joules;
  if (out.domain.update_seconds > 0)
    out.update_seconds = out.domain.update_seconds;
  else if (out.update)
    out.update_seconds = out.update->seconds;
  if (counter) out.coverage = 1;
  if (!counter && out.domain.averaging_seconds > 0) fill_averaging(out, out.domain.averaging_seconds);
}

void fill_energy(LiveDomain& out, const records::DomainEnergy& energy) {
  out.joules = energy.joules;
  out.half_width_joules = energy.half_width_joules;
  if (out.reason.empty()) out.reason = energy.reason;
}

std::optional<double> power_of(const Source& source, std::size_t domain, std::optional<double> update,
                               Instant first, Instant end) {
  const double seconds = std::max(kPowerSeconds, 2 * update.value_or(0));
  const Instant from = std::max(first, end - from_seconds(seconds));
  const auto recent = source.window(from, end).energies;
  if (domain >= recent.size() || !recent[domain].joules) return std::nullopt;
  return *recent[domain].joules / to_seconds(end - from);
}

}  // namespace

void LiveView::feed(const Sample& sample) {
  const std::scoped_lock lock(mutex_);
  for (const Reading& reading : sample.readings) {
    State& state = states_[reading.domain];
    if (state.readings.empty() && state.first == Instant{}) state.first = reading.mid;
    state.silence.reset();
    state.readings.push_back(reading);
    while (state.readings.front().mid < reading.mid - kKept || state.readings.size() > kMostReadings)
      state.readings.pop_front();
  }
  for (const Silence& silence : sample.silent) states_[silence.domain].silence = silence;
  for (const GaugeReading& gauge : sample.gauges) gauges_[{gauge.gauge, gauge.domain}] = gauge.value;
}

LiveView::States LiveView::snapshot() const {
  const std::scoped_lock lock(mutex_);
  return states_;
}

Instant LiveView::end_of_readings(const States& states) {
  Instant newest{}, end = Instant::max();
  for (const auto& [domain, state] : states)
    if (!state.readings.empty()) newest = std::max(newest, state.readings.back().mid);
  for (const auto& [domain, state] : states)
    if (!state.readings.empty() && !state.silence && state.readings.back().mid > newest - kLate)
      end = std::min(end, state.readings.back().mid);
  return end == Instant::max() ? newest : end;
}

std::vector<LiveDomain> LiveView::domains(const Source& source) const {
  const std::vector<Domain> all = source.domains();
  std::vector<LiveDomain> out(all.size());
  const States states = snapshot();  // the sampling thread does not wait for the arithmetic
  const Instant end = end_of_readings(states);
  for (std::uint32_t i = 0; i < all.size(); ++i) {
    LiveDomain& live = out[i];
    live.domain = all[i];
    const auto found = states.find(i);
    const State* state = found == states.end() ? nullptr : &found->second;
    if (state) fill_cadence(live, state->readings);
    if (state && state->silence) live.silent = state->silence->cause, live.reason = state->silence->reason;
    if (!state || state->readings.empty() || end <= state->first) continue;
    if (const auto total = source.window(state->first, end).energies; i < total.size())
      fill_energy(live, total[i]);
    if (!live.silent) live.watts = power_of(source, i, live.update_seconds, state->first, end);
  }
  return out;
}

std::vector<LiveGauge> LiveView::gauges(const std::vector<Domain>& domains) const {
  const std::scoped_lock lock(mutex_);
  std::vector<LiveGauge> out;
  for (const auto& [key, value] : gauges_) {
    const auto& [gauge, domain] = key;
    out.push_back({gauge, domain < domains.size() ? domains[domain].name : "", value});
  }
  return out;
}

std::vector<ObservedSource> LiveView::observed(const std::vector<Domain>& domains) const {
  const States states = snapshot();
  std::vector<ObservedSource> out;
  for (std::uint32_t i = 0; i < domains.size(); ++i) {
    out.push_back({domains[i], {}});
    if (const auto it = states.find(i); it != states.end())
      out.back().readings.assign(it->second.readings.begin(), it->second.readings.end());
  }
  return out;
}

void apply_averaging(std::vector<LiveDomain>& domains, const SourceComparison& comparison) {
  for (LiveDomain& live : domains) {
    const auto seen = std::ranges::find(comparison.sources, live.domain.name, &SourceView::domain);
    if (seen != comparison.sources.end() && seen->averaging && !live.averaging_seconds)
      fill_averaging(live, seen->averaging->seconds);
  }
}

}  // namespace ipw::telemetry
