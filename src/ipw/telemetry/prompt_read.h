// SPDX-License-Identifier: Apache-2.0
// Reads that are stamped, and repeated once when something came in between.
#pragma once
#include <algorithm>
#include <utility>

#include "ipw/telemetry/kept_file.h"

namespace ipw::telemetry {

/// Stamp reads of one sensor before and after. One that takes over four times the median of those before was
/// interrupted, so that its moment is uncertain: it is done again, once (the way of Linux's turbostat). One
/// thread at a time.
class PromptRead {
 public:
  /// Returns what `read()` returns, and when. Views into the sensor's buffer stay valid: the last read is
  /// told.
  template <class Read>
  auto operator()(Clock& clock, Read read) {
    Bracket bracket;
    auto value = stamped(clock, read, bracket);
    if (seen_ >= kLearning && bracket.end - bracket.begin > kLate * median_) {
      value = stamped(clock, read, bracket);
      ++repeated_;
    }
    learn(bracket.end - bracket.begin);
    return std::pair(std::move(value), bracket);
  }
  int repeated() const { return repeated_; }

 private:
  static constexpr int kLate = 4, kLearning = 16;
  template <class Read>
  static auto stamped(Clock& clock, Read& read, Bracket& bracket) {
    bracket.begin = clock.now();
    auto value = read();
    bracket.end = clock.now();
    return value;
  }
  // A running median that steps towards each value by a sixteenth of itself.
  void learn(Nanoseconds took) {
    if (seen_ < kLearning) ++seen_;
    if (median_ <= Nanoseconds(0)) median_ = took;
    const Nanoseconds step = std::max(Nanoseconds(1), median_ / 16);
    if (took > median_) median_ += step;
    if (took < median_) median_ -= step;
  }
  Nanoseconds median_{0};
  int seen_ = 0, repeated_ = 0;
};

}  // namespace ipw::telemetry
