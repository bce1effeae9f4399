// SPDX-License-Identifier: Apache-2.0
// What the original's telemetry message can say, with absent values instead of its -1, and the two ways
// across.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/base/clock.h"
#include "ipw/records/run_folder.h"
#include "ipw/telemetry/source.h"

namespace ipw::rpc {

/// One message of the original's StreamTelemetry. Energies count from the start of the monitor.
struct OriginalReading {
  std::optional<double> power_watts, energy_joules, temperature_celsius, gpu_memory_mb, cpu_memory_mb;
  std::optional<double> cpu_power_watts, cpu_energy_joules;
  std::optional<double> gpu_utilization_pct, gpu_memory_bandwidth_pct, gpu_memory_total_mb;
  std::string platform;
  std::int64_t unix_ns = 0;
  records::MachineInfo machine;
};

/// The original's name for what is measured: nvidia, amd, macos, jetson, rapl, or the collector's own name
/// for another accelerator. "null" is a machine without a measured domain: a model of the CPU is no
/// measurement, and the message could not say that it is one.
std::string platform_of(const std::vector<telemetry::Domain>& domains);

/// Turns samples of a source into the original's readings, one for all readers (defect M16). One thread at a
/// time.
class OriginalProjection {
 public:
  OriginalProjection(const telemetry::Source& source, Instant begin);
  /// The readings that became final with the sample of this tick, oldest first: energy is reported for the
  /// instant of its stamp, so a reading waits until the source has settled there, at most 1.5 s. `unix_ns`
  /// stamps the tick.
  std::vector<OriginalReading> project(Instant tick, std::int64_t unix_ns);

 private:
  struct Total {
    telemetry::Scope scope;
    double joules = 0;
    std::optional<double> watts;  ///< mean of the last window; absent: no domain of the scope gave a value
  };
  struct Pending {
    Instant tick;
    std::int64_t unix_ns;
  };
  void fill(OriginalReading& reading, Instant end, bool settled);
  void add(Total& total, const std::vector<records::DomainEnergy>& energies, double seconds) const;
  static bool counts(const std::vector<telemetry::Domain>& domains, const telemetry::Domain& domain,
                     telemetry::Scope scope);

  const telemetry::Source& source_;
  Instant done_;  ///< energies up to here are in the totals
  Total gpu_{telemetry::Scope::Accelerator, 0, {}};
  Total cpu_{telemetry::Scope::Package, 0, {}};
  std::deque<Pending> pending_;
};

/// The domains that an original monitor has, judged by its first reading: "gpu", "cpu", both or none.
std::vector<telemetry::Domain> domains_of(const OriginalReading& first);
/// A reading of an original monitor as a sample of those domains, taken at `mid` plus or minus `half_width`.
telemetry::Sample to_sample(const OriginalReading& reading, const std::vector<telemetry::Domain>& domains,
                            Instant mid, Nanoseconds half_width);

}  // namespace ipw::rpc
