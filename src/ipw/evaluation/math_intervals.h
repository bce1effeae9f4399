// SPDX-License-Identifier: Apache-2.0
// Sets of real numbers that are unions of intervals.
#pragma once
#include <optional>
#include <vector>

#include "ipw/evaluation/math_expression.h"

namespace ipw::evaluation::math {

/// Sorted pieces that do not touch.
struct RealSet {
  struct Piece {
    long double from, to;
    bool from_open, to_open;
  };
  std::vector<Piece> pieces;
};

/// The set of an interval, a finite set, their unions, intersections and differences, or of a relation like
/// 1 < x <= 2; nothing where an end is no real number.
std::optional<RealSet> real_set(const Expression& e);

bool same(const RealSet& a, const RealSet& b);

}  // namespace ipw::evaluation::math
