// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/compare_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "ipw/telemetry/lies.h"
#include "ipw/telemetry/window.h"

namespace ipw::telemetry {

namespace {

constexpr std::array<std::string_view, 11> kLies{"second die 0",
                                                 "stuck counter",
                                                 "module counted as GPU",
                                                 "unit 15.3",
                                                 "scaled counter",
                                                 "half rate",
                                                 "long average",
                                                 "parent below children",
                                                 "duplicate (mirrored)",
                                                 "wall below inside",
                                                 "unexplained"};

constexpr double kLeastWidths = 0.95;  // of the reference's period; R5 allows an error
constexpr double kBinSeconds = 1;      // longer than the common averages and periods

EnergyCurve curve_of(const Series& series) {
  return [&series](Instant t) -> std::optional<double> {
    if (series.why_unknown(t)) return std::nullopt;
    return series.at(t, Rule::Linear).joules;
  };
}

void summarize(Observation& o) {
  const auto all = o.source->readings;
  for (const Reading& r : all) {
    o.series.feed(r);
    const auto value = r.energy_joules ? r.energy_joules : r.power_watts;
    if (value && *value != 0) o.all_zero = false;
  }
  o.view.domain = o.source->domain.name;
  o.view.update = detect_update(all);
}

// From the last of the first readings, when every average has filled, to the first of the last instants that
// are known.
std::pair<Instant, Instant> common_window(const std::vector<Observation>& all) {
  Instant begin = Instant::min(), end = Instant::max();
  for (const Observation& o : all) {
    const auto& readings = o.source->readings;
    if (o.series.points().empty()) continue;
    const double period = o.view.update ? o.view.update->seconds : 0;
    begin = std::max(begin, readings.front().mid + from_seconds(period));
    end = std::min({end, readings.back().mid - from_seconds(period), o.series.known_until()});
  }
  if (begin == Instant::min()) return {};  // nobody has read anything
  return {begin, end};
}

void fill_power(Observation& o, Instant begin, Instant end) {
  if (o.source->readings.empty() || end <= begin) {
    o.view.reason = "no readings";
    return;
  }
  const auto energy = measure(o.series, begin, end, Rule::Linear);
  const double seconds = to_seconds(end - begin);
  o.view.reason = energy.reason;
  if (!energy.joules) return;
  o.view.watts = *energy.joules / seconds;
  o.view.half_width_watts = energy.half_width_joules / seconds;
  const EnergyCurve curve = curve_of(o.series);
  for (double t = 0; t + kBinSeconds <= seconds; t += kBinSeconds) {
    const auto a = curve(begin + from_seconds(t)), b = curve(begin + from_seconds(t + kBinSeconds));
    o.bins.push_back(a && b ? std::optional((*b - *a) / kBinSeconds) : std::nullopt);
  }
}

// The width of a power sensor as another source of the same quantity tells it: a counter, or a sensor that is
// renewed twice as often. Neither tells a width below its own period.
std::optional<AveragingEstimate> averaging_by(const Observation& reference, const Observation& power) {
  if (!reference.view.watts || !reference.view.update || !measure_the_same(power, reference))
    return std::nullopt;
  const double finest = reference.view.update->seconds;
  if (reference.series.integrated() && finest > power.view.update->seconds / 2) return std::nullopt;
  const auto found = detect_averaging(power.source->readings, *power.view.update, curve_of(reference.series));
  return found && found->seconds < kLeastWidths * finest ? std::nullopt : found;
}

void fill_averaging(std::vector<Observation>& all) {
  for (Observation& power : all) {
    if (!power.series.integrated() || !power.view.update) continue;
    for (const Observation& reference : all) {
      if (&reference == &power) continue;
      const auto found = averaging_by(reference, power);
      if (found && (!power.view.averaging || found->explained > power.view.averaging->explained))
        power.view.averaging = found;
    }
  }
}

}  // namespace

std::string_view to_string(Lie lie) {
  return kLies[static_cast<std::size_t>(lie)];
}

SourceComparison compare_sources(std::span<const ObservedSource> sources) {
  std::vector<Observation> all;
  all.reserve(sources.size());
  for (const ObservedSource& source : sources) {
    all.push_back({&source, Series(source.domain)});
    summarize(all.back());
  }
  const auto [begin, end] = common_window(all);
  for (Observation& o : all) fill_power(o, begin, end);
  fill_averaging(all);
  SourceComparison out;
  out.seconds = end > begin && !all.empty() ? to_seconds(end - begin) : 0;
  out.disagreements = find_lies(all);
  for (Observation& o : all) out.sources.push_back(std::move(o.view));
  return out;
}

}  // namespace ipw::telemetry
