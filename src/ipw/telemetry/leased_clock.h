// SPDX-License-Identifier: Apache-2.0
// A clock that may go before its last user does.
#pragma once
#include <mutex>

#include "ipw/base/clock.h"

namespace ipw::telemetry {

/// Lend a clock to a thread that may have to be given up in a call that never returns. After end() it stands
/// still and the clock behind it may go. Thread-safe.
class LeasedClock final : public Clock {
 public:
  explicit LeasedClock(Clock& clock) : clock_(&clock) {}
  Instant now() const override {
    const std::scoped_lock lock(mutex_);
    if (clock_) last_ = clock_->now();
    return last_;
  }
  WallTime wall() const override {
    const std::scoped_lock lock(mutex_);
    return clock_ ? clock_->wall() : WallTime{};
  }
  void sleep_until(Instant deadline) override {
    Clock* clock = nullptr;
    {
      const std::scoped_lock lock(mutex_);
      clock = clock_;
    }
    if (clock) clock->sleep_until(deadline);
  }
  void end() {
    const std::scoped_lock lock(mutex_);
    clock_ = nullptr;
  }

 private:
  mutable std::mutex mutex_;
  Clock* clock_;
  mutable Instant last_{};
};

}  // namespace ipw::telemetry
