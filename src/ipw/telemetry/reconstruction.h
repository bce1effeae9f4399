// SPDX-License-Identifier: Apache-2.0
// E(t) between the known values of a counter. The reasoning stands in docs/design/energy-intervals.md.
#pragma once
#include <cstddef>
#include <optional>

#include "ipw/telemetry/points.h"

namespace ipw::telemetry {

/// The known points of a counter, or every n-th of them. A view: the ring must outlive it.
class Knots {
 public:
  explicit Knots(const PointRing& points, std::size_t stride = 1, std::size_t first = 0)
      : points_(points), stride_(stride), first_(first) {}
  std::size_t size() const {
    return points_.size() > first_ ? (points_.size() - first_ - 1) / stride_ + 1 : 0;
  }
  const Point& operator[](std::size_t i) const { return points_[first_ + i * stride_]; }
  /// Index of the last knot at or before an instant; there must be one.
  std::size_t find(Instant t) const;
  /// Mean power between knot i and the next, in watts; nothing beyond the ends and across a gap.
  std::optional<double> slope(std::size_t i) const;

 private:
  const PointRing& points_;
  std::size_t stride_, first_;
};

/// What happens between two knots, as far as the neighbours tell.
struct Segment {
  enum class Kind {
    Flat,      ///< nothing stands out: a straight line
    Rise,      ///< the power steps up
    Fall,      ///< the power steps down
    Excursion  ///< it steps down and up again, or up and down
  };
  Kind kind = Kind::Flat;
  double seconds = 0, joules = 0, watts = 0;
  double before = 0, after = 0;        ///< mean power of the neighbours
  double level_in = 0, level_out = 0;  ///< power at the two ends, in watts
  double steep = 0;                    ///< the highest power the high side may have
  double excursion_seconds = 0;        ///< how long it is away from the two levels
  double slack = 0;                    ///< seconds by which the knots may be misplaced
  double certain = 0;                  ///< 0..1: how clearly there is a step at all
  double noise = 0;                    ///< watts that a jump must exceed
};

/// Describe the segment that begins at knot i; i + 1 must be a knot.
Segment describe_segment(const Knots& knots, std::size_t i);

/// Robust standard deviation of the mean powers around knot i, in watts: differences at this lag, of the
/// segments up to i.
double scatter(const Knots& knots, std::size_t i, std::size_t lag);

/// E(t) on a straight line between the knots around it. In joules; t must lie between two knots.
double linear_energy(const Knots& knots, Instant t);

/// E(t) under the edge-aware rule. It never leaves the values of the knots by more than the power times the
/// slack, never falls, and grows strictly where the counter does.
double edge_aware_energy(const Knots& knots, Instant t);

/// Later knots that E(t) may still depend on.
inline constexpr std::size_t kStencil = 4;

}  // namespace ipw::telemetry
