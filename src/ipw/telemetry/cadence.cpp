// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/cadence.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace ipw::telemetry {

namespace {

// A renewal lies between the last read that showed the old value and the first that showed the new one.
struct Change {
  Instant before{}, seen{};
  double value = 0;
};

constexpr std::size_t kFewestChanges = 3, kFewestFitted = 12;
// Only where a renewal is read this often can a repeated value be told from a late one.
constexpr double kReadsPerRenewal = 3;
constexpr double kNearlyEveryRead = 0.9;
// Below this share of explained variance the load did not move enough, or the reference is not that of the
// sensor.
constexpr double kLeastExplained = 0.5;
// Widths are tried in steps of this factor, from a twentieth of a period to 30 periods.
constexpr double kWidthStep = 1.06, kLeastWidth = 0.05, kMostWidths = 30;
constexpr int kDelays = 5;
constexpr double kMostGain = 1.33;
// A width that can be compared at fewer renewals says little about the others.
constexpr double kLeastShare = 0.6;

std::optional<double> value_of(const Reading& reading) {
  return reading.energy_joules ? reading.energy_joules : reading.power_watts;
}

std::vector<Change> find_changes(std::span<const Reading> readings, bool power) {
  std::vector<Change> out;
  std::optional<double> last;
  Instant last_read{};
  for (const Reading& reading : readings) {
    const auto value = power ? reading.power_watts : value_of(reading);
    if (!value) continue;
    if (last && *value != *last) out.push_back({last_read, reading.mid, *value});
    last = value;
    last_read = reading.mid;
  }
  return out;
}

double median_gap(const std::vector<Change>& changes) {
  std::vector<double> gaps;
  for (std::size_t i = 1; i < changes.size(); ++i)
    gaps.push_back(to_seconds(changes[i].seen - changes[i - 1].seen));
  std::ranges::nth_element(gaps, gaps.begin() + static_cast<std::ptrdiff_t>(gaps.size() / 2));
  return gaps[gaps.size() / 2];
}

// Renewals between the first and the last change; one that repeated its value counts too.
double count_renewals(const std::vector<Change>& changes, double poll) {
  const double typical = median_gap(changes);
  if (typical < kReadsPerRenewal * poll) return static_cast<double>(changes.size() - 1);
  double renewals = 0;
  for (std::size_t i = 1; i < changes.size(); ++i)
    renewals += std::max(1.0, std::round(to_seconds(changes[i].seen - changes[i - 1].seen) / typical));
  return renewals;
}

// Put each renewal on the grid of period T that fits all brackets best; a bracket of one poll becomes a
// moment.
std::vector<double> renewal_moments(const std::vector<Change>& changes, double period) {
  const Instant origin = changes.front().seen;
  std::vector<double> phases;
  for (const Change& change : changes) {
    const double middle = (to_seconds(change.seen - origin) + to_seconds(change.before - origin)) / 2;
    phases.push_back(middle - std::round(middle / period) * period);
  }
  std::vector<double> sorted = phases;
  std::ranges::sort(sorted);
  const double phase = sorted[sorted.size() / 2];
  std::vector<double> out;
  for (const Change& change : changes) {
    const double low = to_seconds(change.before - origin), high = to_seconds(change.seen - origin);
    const double grid = std::round(((low + high) / 2 - phase) / period) * period + phase;
    out.push_back(std::clamp(grid, low, high));
  }
  return out;
}

// The share of the variance of y that a line through x explains.
class Correlation {
 public:
  void add(double x, double y) {
    n_ += 1;
    const double dx = x - mean_x_, dy = y - mean_y_;
    mean_x_ += dx / n_;
    mean_y_ += dy / n_;
    xx_ += dx * (x - mean_x_);
    yy_ += dy * (y - mean_y_);
    xy_ += dx * (y - mean_y_);
  }
  double count() const { return n_; }
  /// With a gain near 1: of a periodic load a mean over several periods is a small copy, and no sensor's.
  double explained() const {
    if (!(xx_ > 0) || !(yy_ > 0)) return 0;
    const double gain = std::clamp(xy_ / xx_, 1 / kMostGain, kMostGain);
    return 1 - (yy_ - 2 * gain * xy_ + gain * gain * xx_) / yy_;
  }

 private:
  double n_ = 0, mean_x_ = 0, mean_y_ = 0, xx_ = 0, yy_ = 0, xy_ = 0;
};

struct Renewals {
  Instant origin;
  std::vector<double> moments;
  std::vector<Change> changes;
};

double fit(const Renewals& renewals, double width, double delay, const EnergyCurve& reference) {
  Correlation out;
  for (std::size_t i = 0; i < renewals.moments.size(); ++i) {
    const Instant end = renewals.origin + from_seconds(renewals.moments[i] - delay);
    const auto b = reference(end), a = reference(end - from_seconds(width));
    if (a && b) out.add((*b - *a) / width, renewals.changes[i].value);
  }
  const double least = std::max(static_cast<double>(kFewestFitted),
                                kLeastShare * static_cast<double>(renewals.moments.size()));
  return out.count() >= least ? out.explained() : 0;
}

}  // namespace

std::optional<UpdateEstimate> detect_update(std::span<const Reading> readings) {
  const auto changes = find_changes(readings, false);
  if (changes.size() < kFewestChanges) return std::nullopt;
  const double span = to_seconds(changes.back().seen - changes.front().seen);
  if (!(span > 0)) return std::nullopt;
  UpdateEstimate out;
  out.changes = changes.size();
  out.poll_seconds =
      to_seconds(readings.back().mid - readings.front().mid) / static_cast<double>(readings.size() - 1);
  out.distinct_hz = static_cast<double>(changes.size() - 1) / span;
  out.seconds = span / count_renewals(changes, out.poll_seconds);
  out.upper_bound = out.distinct_hz * out.poll_seconds > kNearlyEveryRead;
  if (out.upper_bound) out.seconds = median_gap(changes);  // which values left out do not move
  return out;
}

std::optional<AveragingEstimate> detect_averaging(std::span<const Reading> readings,
                                                  const UpdateEstimate& update,
                                                  const EnergyCurve& reference) {
  auto changes = find_changes(readings, true);
  if (changes.size() < kFewestFitted || !(update.seconds > 0)) return std::nullopt;
  auto moments = renewal_moments(changes, update.seconds);
  const Renewals renewals{changes.front().seen, std::move(moments), std::move(changes)};
  AveragingEstimate best;
  for (double width = kLeastWidth * update.seconds; width < kMostWidths * update.seconds; width *= kWidthStep)
    for (int i = 0; i < kDelays; ++i) {
      const double delay = update.poll_seconds * (i - kDelays / 2) / kDelays;
      const double explained = fit(renewals, width, delay, reference);
      if (explained > best.explained) best = {width, explained, false};
    }
  if (best.explained < kLeastExplained) return std::nullopt;
  best.at_least_update = best.seconds >= 0.9 * update.seconds;
  return best;
}

}  // namespace ipw::telemetry
