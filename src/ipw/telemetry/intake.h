// SPDX-License-Identifier: Apache-2.0
// What becomes of a sample between its thread and those who use it.
#pragma once
#include <functional>
#include <mutex>
#include <optional>

#include "ipw/telemetry/history.h"
#include "ipw/telemetry/stuck.h"

namespace ipw::telemetry {

/// Number the samples of all threads, find what is stuck and what the machine slept through, keep them and
/// hand them on. Thread-safe; one sample at a time.
class Intake {
 public:
  explicit Intake(Clock& clock) : clock_(clock), asleep_(clock.asleep()) {}

  std::uint32_t add(const Domain& domain, std::uint32_t owner) { return history_.add(domain, owner); }
  void take(Sample& sample);
  void tap(std::function<void(const Sample&)> sink);

  const History& history() const { return history_; }
  /// Silent, stuck and faulty domains, and times of sleep.
  std::vector<std::string> problems() const;

 private:
  void notice_sleep(const Sample& sample);

  Clock& clock_;
  History history_{std::vector<Domain>{}};
  mutable std::mutex mutex_;
  std::uint64_t sequence_ = 0;
  std::function<void(const Sample&)> tap_;
  StuckWatch stuck_;
  Nanoseconds asleep_;
  std::optional<Instant> last_;
  int sleeps_ = 0;
  Nanoseconds slept_{0};
};

}  // namespace ipw::telemetry
