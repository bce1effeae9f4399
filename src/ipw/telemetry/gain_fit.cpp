// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ipw/stats/stats.h"
#include "ipw/telemetry/calibration.h"

namespace ipw::telemetry {
namespace {

constexpr std::size_t kLeastSteps = 4;
constexpr double kLeastSwing = 2;        // watts
constexpr double kMostHalfWidth = 0.02;  // of the gain
constexpr double kLowestGain = 0.2, kHighestGain = 5;

struct Plateau {
  double sensor = 0, reference = 0;  ///< watts
};

std::optional<Plateau> plateau_of(const LoadPhase& phase, const EnergyBetween& sensor,
                                  const EnergyBetween& reference, Nanoseconds guard) {
  const Instant begin = phase.begin + guard, end = phase.end - guard;
  if (end <= begin) return std::nullopt;
  const auto a = sensor(begin, end), b = reference(begin, end);
  const double seconds = to_seconds(end - begin);
  return a && b ? std::optional(Plateau{*a / seconds, *b / seconds}) : std::nullopt;
}

/// A phase less the mean of its neighbours: what is constant or drifts evenly is gone.
struct Step {
  double sensor = 0, reference = 0;
};

std::vector<Step> steps_of(std::span<const std::optional<Plateau>> plateaus) {
  std::vector<Step> out;
  for (std::size_t i = 1; i + 1 < plateaus.size(); ++i) {
    const auto &before = plateaus[i - 1], &here = plateaus[i], &after = plateaus[i + 1];
    if (!before || !here || !after) continue;
    out.push_back({here->sensor - (before->sensor + after->sensor) / 2,
                   here->reference - (before->reference + after->reference) / 2});
  }
  return out;
}

double slope_through_origin(std::span<const Step> steps) {
  double xy = 0, xx = 0;
  for (const auto& s : steps) {
    xy += s.sensor * s.reference;
    xx += s.sensor * s.sensor;
  }
  return xx > 0 ? xy / xx : 0;
}

/// 95 % by Student's t. Neighbouring steps share phases, so half of them count as independent.
double slope_half_width(std::span<const Step> steps, double slope) {
  double squares = 0, xx = 0;
  for (const auto& s : steps) {
    squares += std::pow(s.reference - slope * s.sensor, 2);
    xx += s.sensor * s.sensor;
  }
  const double freedom = std::max(1.0, static_cast<double>(steps.size()) / 2 - 1);
  return stats::student_t_quantile(0.975, freedom) * std::sqrt(squares / freedom / xx);
}

/// Whether small steps have another gain than large ones.
double nonlinearity_of(std::vector<Step> steps) {
  std::ranges::sort(steps, {}, [](const Step& s) { return std::abs(s.sensor); });
  const std::span all(steps);
  const auto small = all.first(all.size() / 2), large = all.subspan(all.size() / 2);
  const double a = slope_through_origin(small), b = slope_through_origin(large);
  return b > 0 ? a / b - 1 : 0;
}

void add_offset(GainFit& fit, std::span<const std::optional<Plateau>> plateaus) {
  std::vector<double> offsets, sensor;
  for (const auto& p : plateaus) {
    if (!p) continue;
    offsets.push_back(p->reference - fit.gain * p->sensor);
    sensor.push_back(p->sensor);
  }
  fit.offset_watts = stats::summarize(offsets)->mean;
  const auto interval = stats::mean_interval(offsets);
  const double spread = interval ? (interval->high - interval->low) / 2 : 0;
  fit.offset_half_width_watts = std::hypot(spread, fit.half_width * stats::summarize(sensor)->mean);
}

std::string fault_of(const GainFit& fit) {
  if (fit.swing_watts < kLeastSwing)
    return fmt::format("the load moves the reference by {:.2f} W only: a larger load is needed",
                       fit.swing_watts);
  if (fit.gain < kLowestGain || fit.gain > kHighestGain)
    return fmt::format("a watt of the sensor is {:.3g} W of the reference: do both measure the same machine?",
                       fit.gain);
  if (fit.half_width > kMostHalfWidth * fit.gain)
    return fmt::format(
        "the steps contradict each other: the gain is {:.3f} +- {:.3f}; other work on the machine, or phases "
        "too "
        "short for the meter",
        fit.gain, fit.half_width);
  return {};
}

}  // namespace

Result<GainFit, std::string> fit_gain(std::span<const LoadPhase> phases, const EnergyBetween& sensor,
                                      const EnergyBetween& reference, Nanoseconds guard) {
  std::vector<std::optional<Plateau>> plateaus;
  for (const auto& phase : phases) plateaus.push_back(plateau_of(phase, sensor, reference, guard));
  const auto steps = steps_of(plateaus);
  if (steps.size() < kLeastSteps)
    return Unexpected<std::string>(
        fmt::format("{} of {} steps of the load have readings of both sensor and reference, {} are needed",
                    steps.size(), phases.size() < 2 ? 0 : phases.size() - 2, kLeastSteps));
  GainFit fit;
  fit.steps = steps.size();
  for (const auto& s : steps) fit.swing_watts += std::abs(s.reference) / static_cast<double>(steps.size());
  fit.gain = slope_through_origin(steps);
  if (fit.gain > 0) fit.half_width = slope_half_width(steps, fit.gain);
  fit.nonlinearity = nonlinearity_of(steps);
  add_offset(fit, plateaus);
  if (auto fault = fault_of(fit); !fault.empty()) return Unexpected<std::string>(std::move(fault));
  return fit;
}

}  // namespace ipw::telemetry
