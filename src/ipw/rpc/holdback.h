// SPDX-License-Identifier: Apache-2.0
// Which samples of a stream wait for the next one.
#pragma once
#include <algorithm>
#include <optional>

#include "ipw/base/clock.h"

namespace ipw::rpc {

/// Holds samples back for at most a time, by their ticks: the next is expected after as long as this one came
/// after the last. One thread at a time.
class Holdback {
 public:
  explicit Holdback(Nanoseconds longest) : longest_(longest) {}

  /// Tell whether the sample of this tick waits. Where it does not, all that waited go with it.
  bool holds(Instant tick) {
    if (last_ && tick > *last_) gap_ = tick - *last_;
    last_ = tick;
    if (!gap_ || longest_ <= Nanoseconds(0)) return false;
    if (!oldest_) oldest_ = tick;
    const bool held = tick + *gap_ - *oldest_ <= longest_;
    if (!held) oldest_.reset();
    return held;
  }

  /// For how long after the last sample all that come are held: whoever delivers them may rest. Short enough
  /// that few pile up.
  Nanoseconds rest() const {
    constexpr int kMostSamples = 16;
    if (!gap_ || longest_ <= Nanoseconds(0)) return Nanoseconds(0);
    const Instant oldest = oldest_.value_or(*last_ + *gap_);
    return std::clamp(Nanoseconds(oldest + longest_ - *gap_ - *last_), Nanoseconds(0), kMostSamples * *gap_);
  }

 private:
  Nanoseconds longest_;
  std::optional<Nanoseconds> gap_;
  std::optional<Instant> last_, oldest_;
};

}  // namespace ipw::rpc
