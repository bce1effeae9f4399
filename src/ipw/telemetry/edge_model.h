// SPDX-License-Identifier: Apache-2.0
// How far E(t) may be from the truth: the statistical model of an edge and the examination that scales it.
// Formulas and the held-out results: docs/design/energy-intervals.md.
#pragma once
#include <array>
#include <cstddef>

#include "ipw/telemetry/reconstruction.h"

namespace ipw::telemetry {

/// One edge of a window on a counter.
struct Edge {
  double joules = 0;        ///< E(t) under the edge-aware rule, or on the line
  double variance = 0;      ///< of the shape within the segment, before scaling, in J²
  double shift_joules = 0;  ///< what E(t) changes by when the knots are late by their spread
  std::size_t segment = 0;
  double seconds = 0, share = 0;  ///< length of the segment, and where in it the edge lies (0..1)
  double power_range = 0;         ///< of the segment and its neighbours, in watts
  double scatter_joules = 0;      ///< robust standard deviation of what segments like this one hold
};

/// Describe an edge; t must lie between two knots. With `linear`, E(t) is the straight line.
Edge describe_edge(const Knots& knots, Instant t, bool linear);

/// Variance of a window's energy that comes from the shape of the power within the segments of its edges,
/// before scaling.
double shape_variance(const Edge& begin, const Edge& end);
/// Variance that comes from not knowing when exactly the counter took its values.
double timing_variance(const Edge& begin, const Edge& end);

/// The series examines itself: from every second point the one between is predicted and compared. The ratios
/// of error to deviation scale the intervals, so that they hold for loads nobody thought of. One thread.
class SelfExamination {
 public:
  /// Look at the newest point that has enough neighbours on both sides; at most ten times a second.
  void examine(const PointRing& points);
  /// What a deviation is multiplied by to give a 95 % half-width.
  double factor() const;

 private:
  static constexpr std::size_t kKept = 256;
  std::array<float, kKept> ratios_{};
  std::size_t count_ = 0;
  Instant last_{};
};

}  // namespace ipw::telemetry
