// SPDX-License-Identifier: Apache-2.0
// Counter algebra: raw readings of a wrapping, resetting, lying counter become energy that only grows.
#pragma once
#include <optional>

#include "ipw/base/clock.h"

namespace ipw::telemetry {

/// What one reading did to a counter.
struct CounterStep {
  enum class Kind {
    First,        ///< the baseline; no energy before it
    Advance,      ///< `joules` since the last accepted reading, possibly 0
    Wrap,         ///< the same, across one wrap
    Glitch,       ///< the same; readings in between were off the line and have been dropped
    Suspect,      ///< off the line: reset or glitch, the next reading tells; nothing is added
    Reset,        ///< a reset is confirmed: unknown energy up to `restart`, `joules` from there
    UnknownWraps  ///< silent for so long that it may have wrapped twice: unknown energy up to now
  };
  Kind kind = Kind::First;
  double joules = 0;
  Instant restart{};  ///< Reset: when the new baseline was read
};

struct CounterLimits {
  std::optional<double>
      wrap_joules;  ///< what one wrap adds: range plus one unit; absent: 64 bit, any decrease is a reset
  double cap_watts = 1500;    ///< P_cap: the most the domain can draw
  double update_seconds = 0;  ///< how stale a value may be when read; widens the first step
};

/// Tell advance, wrap, reset and glitch apart. With d = new - old and dt the time in which d can have
/// accrued: 0 <= d <= P_cap dt advances; d < 0 with d + wrap <= P_cap dt wraps; all else is a reset or a
/// glitch, and the next reading decides which. If dt > wrap / P_cap several wraps are possible and nothing is
/// counted. The energy handed out between two readings never exceeds P_cap dt and is never negative. Pure;
/// one thread.
class Counter {
 public:
  explicit Counter(CounterLimits limits) : limits_(limits) {}
  CounterStep feed(Instant at, double raw_joules);

 private:
  struct Mark {
    Instant at{};
    double raw = 0;
    Instant since{};  ///< the last read that showed an older value: energy may have accrued from here on
  };
  std::optional<CounterStep> on_line(const Mark& from, Instant at, double raw) const;
  void accept(Instant at, double raw);

  CounterLimits limits_;
  std::optional<Mark> last_, suspect_;
};

}  // namespace ipw::telemetry
