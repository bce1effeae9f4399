// SPDX-License-Identifier: Apache-2.0
// Quantiles of durations in constant memory.
#pragma once
#include <array>
#include <cstdint>

#include "ipw/base/clock.h"

namespace ipw::telemetry {

/// Count durations in buckets that grow by a tenth from 1 us to 100 s: quantiles are right within 10 %, the
/// maximum exactly. One thread at a time.
class Lateness {
 public:
  void add(Nanoseconds value);
  /// Add all that another one has counted.
  void add(const Lateness& other);
  /// The upper end of the bucket that holds the quantile, at most the maximum; 0 while empty.
  double quantile_seconds(double p) const;
  double max_seconds() const { return max_; }

 private:
  std::array<std::uint64_t, 196> counts_{};
  std::uint64_t total_ = 0;
  double max_ = 0;
};

}  // namespace ipw::telemetry
