// SPDX-License-Identifier: Apache-2.0
// The driver's own ring of power samples, with the driver's own time stamps.
#pragma once
#include <optional>
#include <vector>

#include "ipw/telemetry/collectors/nvml_library.h"

namespace ipw::telemetry::nvml {

/// Where the driver's clock (µs since the Unix epoch) stands against ours. A value that a call brings was
/// stamped before the call returned, so (stamp - end of the call) bounds the offset from below; the largest
/// of them is the estimate, and what a call took its error. A step of the driver's clock starts it afresh.
/// One thread.
class DriverClock {
 public:
  void observe(Instant begin, Instant end, std::int64_t driver_us);
  /// An instant of the driver's clock on ours; nothing before the first observation.
  std::optional<Instant> ours(std::int64_t driver_us) const;
  Nanoseconds half_width() const { return half_width_; }

 private:
  std::optional<std::int64_t> offset_ns_;  ///< driver - ours
  Nanoseconds half_width_{0};
  Instant since_{};
};

/// Drain the ring: every sample once, in order. One thread.
class PowerSamples {
 public:
  /// Append a reading per new sample to `out`, as readings of `domain`. What was in the ring at the first
  /// call is left out. Gives the library's status.
  int drain(const Functions& call, Device device, const DriverClock& clock, std::uint32_t domain,
            std::vector<Reading>& out);

 private:
  std::uint64_t last_seen_us_ = 0;
  bool primed_ = false;
  Instant last_{};
  std::vector<RingSample> buffer_;
};

}  // namespace ipw::telemetry::nvml
