// SPDX-License-Identifier: Apache-2.0
// What is read of a GPU besides its energy: memory, load, temperature, clocks, limits.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/telemetry/collector.h"
#include "ipw/telemetry/collectors/nvml_instances.h"

namespace ipw::telemetry::nvml {

/// The bits of ThrottleReason for the library's bits.
unsigned throttle_reasons(std::uint64_t bits);

/// Memory, load, temperature, clocks and limits of one GPU. A metric that the library or the device does not
/// offer is asked for once and then left out, with its reason; the others go on. One thread.
class Gauges {
 public:
  /// `root`: where /proc/meminfo lies, for devices that share the memory of the machine.
  Gauges(const Functions& call, Device device, std::string root);
  /// Append what can be read to the sample, as gauges of a domain. Memory of a partitioned device is that of
  /// its instances, from `instances_at` on. `with_limit`: also what seldom changes.
  void poll(Instant now, std::uint32_t domain, const std::vector<Instance>& instances,
            std::uint32_t instances_at, bool with_limit, Sample& sample);
  /// The temperature of the memory comes with other fields; the caller asks for it while this says so.
  bool wants_memory_temperature() const { return !reason(Metric::MemoryTemperature); }
  void memory_temperature(const FieldValue& answer);
  std::vector<std::string> missing() const;

 private:
  enum class Metric {
    Utilization,
    Memory,
    Temperature,
    MemoryTemperature,
    CoreClock,
    MemoryClock,
    Throttle,
    Limit,
    kCount
  };
  const std::string* reason(Metric metric) const;
  // Whether the call gave a value; remembers why the metric is not offered.
  bool took(Metric metric, bool there, int status);
  struct MemoryUse {
    double used_mb, total_mb;
  };
  std::optional<MemoryUse> memory(Device device);
  std::optional<MemoryUse> shared_memory();
  std::optional<double> temperature();
  void load(Instant now, std::uint32_t domain, Sample& sample);
  void clocks(Instant now, std::uint32_t domain, Sample& sample);

  const Functions& call_;
  Device device_;
  std::string root_;
  bool new_memory_ = true, new_temperature_ = true, unified_ = false;
  std::array<std::string, static_cast<std::size_t>(Metric::kCount)> reasons_;
};

}  // namespace ipw::telemetry::nvml
