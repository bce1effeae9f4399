// SPDX-License-Identifier: Apache-2.0
// The cumulative energy of one domain as a function of time.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "ipw/telemetry/counter.h"
#include "ipw/telemetry/points.h"
#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

/// How the energy between two known points is told.
enum class Rule {
  EdgeAware,  ///< go on with the power seen before, between the two known values (telemetry.md 1.4)
  Linear      ///< a straight line between the two known values
};
std::string_view to_string(Rule rule);

/// The energy used up to one instant: an estimate and hard bounds, assuming 0 <= P <= P_cap.
struct EnergyAt {
  double joules = 0, low = 0, high = 0;
};

/// Turn the readings of one domain into E(t). Counters go through the counter algebra and keep only the
/// readings that moved; power sensors are integrated by trapezoids.
///
/// E(t) is one function of t, the same for the end of one window and the begin of the next, so that
/// window(a,b) + window(b,c) = window(a,c) exactly. Its edge-aware form lets a twentieth of the energy follow
/// the straight line: E then grows strictly, and no window between two readings is empty (defect M2). One
/// thread at a time.
class Series {
 public:
  explicit Series(Domain domain);

  void feed(const Reading& reading);

  const Domain& domain() const { return domain_; }
  bool integrated() const { return integrated_; }
  const PointRing& points() const { return points_; }
  std::optional<Instant> last_read() const { return last_read_; }

  /// Tell whether what is known about this instant will not change any more: a later value has been read, or
  /// the counter has stood still for a second.
  bool settled(Instant t) const;
  /// Say why E(t) is not known, or nothing when it is.
  std::optional<std::string> why_unknown(Instant t) const;
  /// Evaluate E(t); only where why_unknown() has nothing to say.
  EnergyAt at(Instant t, Rule rule) const;
  /// Seconds of [begin, end] in which the energy is unknown: resets, too many wraps, a power sensor that fell
  /// silent.
  double gap_seconds(Instant begin, Instant end) const;
  /// Standard deviation of the trapezoids over [begin, end] in joules; 0 for counters.
  double integration_deviation(Instant begin, Instant end) const;

  /// Events since the start, for the self report.
  struct Faults {
    std::uint64_t resets = 0, glitches = 0, unknown_wraps = 0, gaps = 0;
  };
  const Faults& faults() const { return faults_; }

 private:
  void feed_counter(const Reading& reading);
  void feed_power(const Reading& reading);
  void push_change(const Reading& reading, double joules);
  void push(Point point);
  double estimate(std::size_t before, Instant t, Rule rule) const;
  double power_before(std::size_t i) const;

  Domain domain_;
  Counter counter_;
  PointRing points_;
  Faults faults_;
  bool integrated_ = false;
  bool seen_ = false;
  std::optional<Instant> last_read_;
  float last_half_width_ = 0;
  int reads_since_unchanged_ = 1000;
};

}  // namespace ipw::telemetry
