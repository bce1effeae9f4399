// SPDX-License-Identifier: Apache-2.0
// When to look again for a device or a driver that has gone.
#pragma once
#include <algorithm>
#include <optional>

#include "ipw/base/clock.h"

namespace ipw::telemetry {

/// Soon at first, then ever later: after 0.25 s, 0.5 s, 1 s and then each 1.5 s for a minute, so that what
/// comes back is there within 2 s; then each 15 s, because looking disturbs the devices that are well. One
/// thread.
class Retry {
 public:
  /// Whether it is time to try. The first question after reset() starts the wait.
  bool due(Instant now) {
    if (!began_) {
      began_ = now;
      next_ = now + kFirst;
    }
    if (now < next_) return false;
    step_ = now - *began_ > kPatience ? kLate : std::min(step_ * 2, kLongest);
    next_ = now + step_;
    return true;
  }
  void reset() {
    began_.reset();
    step_ = kFirst;
  }

 private:
  static constexpr Nanoseconds kFirst = std::chrono::milliseconds(250),
                               kLongest = std::chrono::milliseconds(1500), kLate = std::chrono::seconds(15),
                               kPatience = std::chrono::seconds(60);
  std::optional<Instant> began_;
  Instant next_{};
  Nanoseconds step_ = kFirst;
};

}  // namespace ipw::telemetry
