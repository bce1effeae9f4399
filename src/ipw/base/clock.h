// SPDX-License-Identifier: Apache-2.0
// Time as an argument: nothing below the command line calls a clock by itself.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>

namespace ipw {

using Instant = std::chrono::steady_clock::time_point;   ///< CLOCK_MONOTONIC, nanoseconds
using WallTime = std::chrono::system_clock::time_point;  ///< an annotation, never subtracted
using Nanoseconds = std::chrono::nanoseconds;
using Seconds = std::chrono::duration<double>;

/// Give the time and wait for it. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  virtual WallTime wall() const = 0;
  /// Return at or after the deadline.
  virtual void sleep_until(Instant deadline) = 0;
};

/// The machine's clocks: CLOCK_MONOTONIC and CLOCK_REALTIME.
class SystemClock final : public Clock {
 public:
  Instant now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override { return std::chrono::system_clock::now(); }
  void sleep_until(Instant deadline) override;
};

/// A clock that moves only when told to, or when somebody sleeps on it. For tests and replay.
class VirtualClock final : public Clock {
 public:
  Instant now() const override { return Instant(Nanoseconds(now_ns_.load())); }
  WallTime wall() const override;
  void sleep_until(Instant deadline) override;
  void advance(Nanoseconds step) { now_ns_ += step.count(); }

 private:
  std::atomic<std::int64_t> now_ns_{0};
};

/// Instants and durations that come from elsewhere are kept within this of zero, 36 years: no difference of
/// two overflows.
inline constexpr Nanoseconds kFarthest{std::int64_t{1} << 60};

inline double to_seconds(Nanoseconds d) {
  return std::chrono::duration<double>(d).count();
}
inline Nanoseconds from_seconds(double s) {
  return std::chrono::duration_cast<Nanoseconds>(Seconds(s));
}
/// Nanoseconds since the Unix epoch.
std::int64_t unix_nanos(WallTime t);

}  // namespace ipw
