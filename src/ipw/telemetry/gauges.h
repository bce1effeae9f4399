// SPDX-License-Identifier: Apache-2.0
// The history of gauges: temperature, memory, load; of each device, and of all together.
#pragma once
#include <array>
#include <deque>
#include <map>
#include <optional>

#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

/// Keep an hour of one gauge of one device: five minutes value by value, the rest in slots of a second with
/// their extremes. One thread at a time.
class GaugeHistory {
 public:
  /// Instants ascend; one that does not counts as the one before.
  void feed(Instant at, double value);
  /// Describe the values read in the window; if none was, the last one before it, at most a second old.
  std::optional<records::Stats> window(Instant begin, Instant end) const;

 private:
  struct Value {
    Instant at{};
    float value = 0;
  };
  struct Slot {
    Instant begin{};
    float mean = 0, low = 0, high = 0;
    std::uint32_t count = 0;
  };
  void retire(const Value& value);
  std::deque<Value> recent_;
  std::deque<Slot> slots_;
};

/// Tell whether the devices of a gauge add up (memory) or are averaged (temperature, load).
bool adds_up(Gauge gauge);

/// All gauges of a source. The devices of a gauge may arrive in different samples, from different threads:
/// the sum or mean over them holds the last value of each. One thread at a time.
class GaugeBoard {
 public:
  void feed(const std::vector<GaugeReading>& gauges, const DomainList& domains);
  /// Over all devices, parts of a device left out.
  std::optional<records::Stats> window(Gauge gauge, Instant begin, Instant end) const;
  /// Device by device, in the order of the domains.
  std::vector<records::DeviceGauge> devices(Instant begin, Instant end, const DomainList& domains) const;
  /// The last value of a gauge of a domain, when it is at most so old.
  std::optional<double> last(Gauge gauge, std::uint32_t domain, Instant now, Nanoseconds age) const;

 private:
  static constexpr std::size_t kGauges = 12;
  struct Device {
    GaugeHistory history;
    double value = 0;
    Instant at{};
  };
  using Devices = std::map<std::uint32_t, Device>;  ///< by domain
  void combine(std::size_t gauge, Instant at, const DomainList& domains);
  std::array<Devices, kGauges> devices_;
  std::array<GaugeHistory, kGauges> all_;
};

}  // namespace ipw::telemetry
