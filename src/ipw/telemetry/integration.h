// SPDX-License-Identifier: Apache-2.0
// Power readings that are integrated by trapezoids: energy and its variance.
#pragma once
#include "ipw/telemetry/points.h"

namespace ipw::telemetry {

/// Energy from the point before t up to t, in joules, for power that runs straight between two readings.
double trapezoid_joules(const Point& from, const Point& to, Instant t);

/// Variance of the trapezoids over [begin, end] in J². `averaging` is W, the seconds a reading is a mean
/// over: what lies outside of W is not seen, and what is shorter than W is smoothed. Gaps are left out.
double trapezoid_variance(const PointRing& points, Instant begin, Instant end, double averaging);

/// Variance of single readings in W² that is the sensor's own: what is left in the quietest stretches of the
/// last readings. A load that is never quiet counts as noise of the sensor.
double reading_variance(const PointRing& points, std::size_t last);

}  // namespace ipw::telemetry
