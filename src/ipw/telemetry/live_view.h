// SPDX-License-Identifier: Apache-2.0
// All domains and gauges of a source as they are now, for a view that renews itself.
#pragma once
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ipw/telemetry/compare_sources.h"
#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

struct LiveDomain {
  Domain domain;
  std::optional<double> watts;              ///< over the last second, or two periods of the sensor
  std::optional<double> joules;             ///< since the view began
  double half_width_joules = 0;             ///< 95 %
  std::optional<UpdateEstimate> update;     ///< T and the distinct rate of the last half minute
  std::optional<double> update_seconds;     ///< T: stated by the domain, else found out
  std::optional<double> averaging_seconds;  ///< W, stated or found out beside a counter
  std::optional<double> coverage;  ///< W/T: share of the time that a power sensor looks at; 1 for counters
  std::optional<Cause> silent;     ///< why it says nothing now
  std::string reason;              ///< of the silence, or of a missing energy
};

struct LiveGauge {
  Gauge gauge = Gauge::CpuLoad;
  std::string device;  ///< domain of the device, empty for the machine
  double value = 0;
};

/// Takes samples from the sampling thread and tells what they add up to. Keeps half a minute of readings.
/// Thread-safe.
class LiveView {
 public:
  void feed(const Sample& sample);
  /// Every domain of the source, with energies since its first reading here; window arithmetic is the
  /// source's.
  std::vector<LiveDomain> domains(const Source& source) const;
  std::vector<LiveGauge> gauges(const std::vector<Domain>& domains) const;
  /// The readings that are kept, for compare_sources().
  std::vector<ObservedSource> observed(const std::vector<Domain>& domains) const;

 private:
  struct State {
    Instant first{};
    std::deque<Reading> readings;
    std::optional<Silence> silence;  ///< of the last tick that named it
  };
  using States = std::map<std::uint32_t, State>;
  States snapshot() const;
  static Instant end_of_readings(const States& states);

  mutable std::mutex mutex_;
  States states_;
  std::map<std::pair<Gauge, std::uint32_t>, double> gauges_;
};

/// Fill in W and coverage where a domain does not state them and a comparison has found them out. Pure.
void apply_averaging(std::vector<LiveDomain>& domains, const SourceComparison& comparison);

}  // namespace ipw::telemetry
