// SPDX-License-Identifier: Apache-2.0
// The cumulative energy of one domain as a function of time.
#pragma once
#include <optional>
#include <string>

#include "ipw/telemetry/counter.h"
#include "ipw/telemetry/edge_model.h"
#include "ipw/telemetry/phase_lock.h"
#include "ipw/telemetry/points.h"
#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

/// How the energy between two known points is told.
enum class Rule {
  EdgeAware,  ///< the load steps where a window begins or ends (docs/design/energy-intervals.md)
  Linear      ///< a straight line between the two known values
};
std::string_view to_string(Rule rule);

/// The energy used up to one instant: an estimate and hard bounds, assuming 0 <= P <= P_cap.
struct EnergyAt {
  double joules = 0, low = 0, high = 0;
};

/// How the energy of a window may deviate, in joules.
struct Deviation {
  double half_width = 0;            ///< 95 %, without the sensor's gain
  std::optional<double> low, high;  ///< hard bounds of the energy; sensors that are integrated have none
};

/// Turn the readings of one domain into E(t). Counters go through the counter algebra and keep only the
/// readings that moved. Power sensors are integrated: one that averages over its whole period is a counter in
/// disguise, others are trapezoids; their values belong to the middle of the window they average over.
///
/// E(t) is one function of t, the same for the end of one window and the begin of the next, so that
/// window(a,b) + window(b,c) = window(a,c). Its edge-aware form lets a little of the energy follow the
/// straight line: E then grows strictly, and no window between two readings is empty (defect M2). One thread
/// at a time.
class Series {
 public:
  explicit Series(Domain domain);

  void feed(const Reading& reading);

  const Domain& domain() const { return domain_; }
  bool integrated() const { return integrated_; }
  const PointRing& points() const { return points_; }
  std::optional<Instant> last_read() const { return last_read_; }
  /// The instant up to which E(t) is known: of a mean over a long time its middle. Only with a point.
  Instant known_until() const { return integrated_ ? points_.back().at : *last_read_; }

  /// Tell whether what is known about this instant will not change any more: enough later values have been
  /// read, or the counter has stood still for long.
  bool settled(Instant t) const;
  /// Say why E(t) is not known, or nothing when it is.
  std::optional<std::string> why_unknown(Instant t) const;
  /// Evaluate E(t); only where why_unknown() has nothing to say.
  EnergyAt at(Instant t, Rule rule) const;
  /// Say how far the energy of a window may be from the truth; both edges must be known.
  Deviation deviation(Instant begin, Instant end, Rule rule) const;
  /// Seconds of [begin, end] in which the energy is unknown: resets, too many wraps, a power sensor that fell
  /// silent.
  double gap_seconds(Instant begin, Instant end) const;

  /// Events since the start, for the self report.
  struct Faults {
    std::uint64_t resets = 0, glitches = 0, unknown_wraps = 0, gaps = 0;
  };
  const Faults& faults() const { return faults_; }

 private:
  void feed_counter(const Reading& reading);
  void feed_power(const Reading& reading);
  void feed_update(TimeRange updated, Nanoseconds half_width, double watts);
  void start_over(const Reading& reading, Instant at);
  void push_change(const Reading& reading, double joules);
  void push(Point point);
  Point baseline(const Reading& reading) const;
  bool trapezoid() const { return integrated_ && !boxcar_; }
  double seconds(Instant t) const { return to_seconds(t - points_.first_at()); }
  double estimate(std::size_t before, Instant t, Rule rule) const;
  double extrapolate(std::size_t last, Instant t) const;
  double power_before(std::size_t i) const;
  bool between_knots(Instant t) const;
  double counter_variance(Instant begin, Instant end, Rule rule) const;

  Domain domain_;
  Counter counter_;
  PointRing points_;
  PhaseLock lock_;
  SelfExamination examination_;
  Faults faults_;
  bool integrated_ = false, boxcar_ = false;
  bool seen_ = false;
  std::optional<Instant> last_read_, epoch_;
  double last_watts_ = 0;
  float last_half_width_ = 0;
  int reads_since_unchanged_ = 1000;
};

}  // namespace ipw::telemetry
