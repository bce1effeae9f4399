// SPDX-License-Identifier: Apache-2.0
// Known points of a cumulative energy, in bounded memory.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "ipw/base/clock.h"

namespace ipw::telemetry {

/// The domain had used `joules` at some moment in [at - before, at + after].
struct Point {
  Instant at{};                 ///< best estimate of that moment
  double joules = 0;            ///< cumulative since the first reading, gaps counted as nothing
  float before = 0, after = 0;  ///< seconds, certain; kept to a microsecond, rounded up
  float spread = 0;             ///< seconds: the moment is believed to lie within this of `at`
  float watts = 0;              ///< integrated sensors: the power that was read here
  bool gap = false;             ///< the energy between the point before and this one is unknown
};

/// Points in order of time, packed in blocks that code what differs from a straight line: about 12 bytes a
/// point instead of 32, and every bit of the energy. One thread at a time, also for reading.
class PackedPoints {
 public:
  static constexpr std::size_t kBlock = 128;

  void push(const Point& point);
  std::size_t size() const { return blocks_.size() * kBlock + tail_.size(); }
  bool empty() const { return tail_.empty(); }
  Point operator[](std::size_t i) const;
  const Point& back() const { return tail_.back(); }
  Point& back() { return tail_.back(); }
  Instant first_at() const { return blocks_.empty() ? tail_.front().at : blocks_.front().first; }
  /// Count the points at or before an instant.
  std::size_t count_until(Instant t) const;
  /// Tell whether the oldest block lies wholly before an instant.
  bool has_block_before(Instant t) const { return !blocks_.empty() && blocks_.front().last < t; }
  /// Take the oldest block out.
  std::vector<Point> pop_block();
  /// The memory in use.
  std::size_t bytes() const;

 private:
  struct Block {
    Instant first{}, last{};
    std::vector<std::uint8_t> code;
  };
  static Block pack(const Point* points);
  static std::vector<Point> unpack(const Block& block);
  const std::vector<Point>& unpacked(std::size_t block) const;

  std::deque<Block> blocks_;
  std::vector<Point> tail_;  ///< the newest, not packed yet; never empty once a point is there
  std::uint64_t popped_ = 0;
  /// The blocks that were asked for last: a window looks at those around its two edges in turn.
  struct Unpacked {
    std::uint64_t block = UINT64_MAX;  ///< counted from the first ever
    std::vector<Point> points;
  };
  mutable std::array<Unpacked, 4> cache_;
  mutable std::size_t oldest_ = 0;
};

/// The last hour in full, the day before it thinned to about a point a second, nothing older. At 20 points a
/// second the hour of a domain is under 1 MB, the day 1.1 MB.
class PointRing {
 public:
  void push(Point point);
  std::size_t size() const { return thinned_.size() + recent_.size(); }
  bool empty() const { return recent_.empty(); }
  /// When the oldest point was, without unpacking its block.
  Instant first_at() const { return thinned_.empty() ? recent_.first_at() : thinned_.first_at(); }
  Point operator[](std::size_t i) const {
    return i < thinned_.size() ? thinned_[i] : recent_[i - thinned_.size()];
  }
  const Point& back() const { return recent_.back(); }
  /// Say that the energy before the newest point is unknown.
  void mark_gap() { recent_.back().gap = true; }
  /// Count the points at or before an instant.
  std::size_t count_until(Instant t) const;
  std::size_t bytes() const { return thinned_.bytes() + recent_.bytes(); }

 private:
  void retire(const std::vector<Point>& points);
  PackedPoints thinned_, recent_;
};

}  // namespace ipw::telemetry
