// SPDX-License-Identifier: Apache-2.0
// What the machine draws while nothing is asked: measured before and after a run, drawn straight in between.
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "ipw/records/run_folder.h"
#include "ipw/telemetry/source.h"

namespace ipw::execution {

/// A value and its standard error.
struct Measured {
  double value = 0, error = 0;
};

/// Watts of every domain while nothing was asked.
struct IdleBaseline {
  std::map<std::string, Measured> watts;
  double seconds = 0;
  Instant middle{};
  std::optional<double> temperature_celsius;  ///< mean; idle power at another temperature is another power
};

/// Measure the idle power of every domain between two instants. The error comes from the scatter of eight
/// parts beyond that of their edges, and from the edges of the whole, without the gain of the sensor.
IdleBaseline measure_idle(const telemetry::Source& source, Instant begin, Instant end);

/// Let the machine rest for so long and measure it; nothing when it was stopped or the readings did not come.
std::optional<IdleBaseline> take_idle_baseline(const telemetry::Source& source, double seconds, Clock& clock,
                                               const std::stop_token& stop);

/// Idle power over a run. With one baseline it is constant, with two it goes straight from the middle of the
/// first to that of the second.
class IdleModel {
 public:
  void add(IdleBaseline baseline);
  bool empty() const { return !before_; }
  bool drifts() const { return after_.has_value(); }
  /// Idle energy of a domain over a window; absent when no baseline has it.
  std::optional<Measured> joules(const std::string& domain, Instant begin, Instant end) const;
  /// Slope from the first baseline to the second, in W/min.
  std::optional<Measured> drift(const std::string& domain) const;
  /// Fill idle_joules and their error.
  void fill(records::QueryRecord& record, Instant begin, Instant end) const;

 private:
  std::optional<IdleBaseline> before_, after_;
};

/// Write the idle energies of a part of a run again, now that the baseline after it is known: one "energy"
/// line for each query that started at or after `start`. Memory does not grow with the run.
void amend_idle(const std::filesystem::path& folder, const std::string& model, records::Journal& journal,
                const IdleModel& idle, Instant run_start, std::int64_t start_unix_ns);

}  // namespace ipw::execution
