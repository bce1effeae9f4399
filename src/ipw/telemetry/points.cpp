// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/points.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace ipw::telemetry {

namespace {

constexpr auto kFull = std::chrono::hours(1) + std::chrono::seconds(30);
constexpr auto kThinned = std::chrono::hours(24);
constexpr auto kStep = std::chrono::seconds(1);
constexpr double kLongest = 2000;  // seconds of doubt; differences of microseconds fit into four bytes

std::int64_t micros(float seconds) {
  return std::llround(static_cast<double>(seconds) * 1e6);
}
float round_up(float seconds) {
  return static_cast<float>(std::ceil(std::clamp(static_cast<double>(seconds), 0.0, kLongest) * 1e6) * 1e-6);
}

std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63U);
}
std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1U) ^ -static_cast<std::int64_t>(value & 1U);
}

/// A point as whole numbers, so that what is decoded is what was coded, bit for bit.
struct Whole {
  std::int64_t at = 0, joules = 0, before = 0, after = 0, spread = 0;
  std::uint32_t watts = 0;
  bool gap = false;
};

Whole to_whole(const Point& p) {
  return {p.at.time_since_epoch().count(),
          std::bit_cast<std::int64_t>(p.joules),
          micros(p.before),
          micros(p.after),
          micros(p.spread),
          std::bit_cast<std::uint32_t>(p.watts),
          p.gap};
}

Point to_point(const Whole& w) {
  return {Instant(Nanoseconds(w.at)),
          std::bit_cast<double>(w.joules),
          static_cast<float>(static_cast<double>(w.before) * 1e-6),
          static_cast<float>(static_cast<double>(w.after) * 1e-6),
          static_cast<float>(static_cast<double>(w.spread) * 1e-6),
          std::bit_cast<float>(w.watts),
          w.gap};
}

/// Differences of bit patterns wrap around as unsigned numbers do.
std::int64_t minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

/// Two points back, enough to go on in a straight line.
struct Line {
  Whole last, before;
  std::int64_t at() const { return plus(last.at, minus(last.at, before.at)); }
  std::int64_t joules(std::int64_t now) const {
    const auto step = static_cast<double>(minus(last.at, before.at));
    const double rise = step > 0 ? static_cast<double>(minus(last.joules, before.joules)) / step : 0;
    const double more = rise * static_cast<double>(minus(now, last.at));
    return std::abs(more) < 4e18 ? plus(last.joules, std::llround(more)) : last.joules;
  }
  void move_to(const Whole& w) {
    before = last;
    last = w;
  }
};

constexpr std::array<unsigned, 4> kShort{0, 1, 2, 4};

class Writer {
 public:
  /// Put the low bytes that are not zero; returns how many.
  unsigned put(std::uint64_t value) {
    unsigned length = 0;
    for (; value != 0; value >>= 8U, ++length) bytes_.push_back(static_cast<std::uint8_t>(value));
    return length;
  }
  void put_four(std::uint32_t value) {
    for (unsigned i = 0; i < 4; ++i) bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  /// Put 0, 1, 2 or 4 bytes; returns which of these as 0 to 3.
  unsigned put_short(std::uint64_t value) {
    const unsigned size = value == 0 ? 0 : value < 256 ? 1 : value < 65536 ? 2 : 3;
    for (unsigned i = 0; i < kShort[size]; ++i) bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    return size;
  }
  std::size_t open() {
    bytes_.resize(bytes_.size() + 2);
    return bytes_.size() - 2;
  }
  void close(std::size_t at, unsigned first, unsigned second) {
    bytes_[at] = static_cast<std::uint8_t>(first);
    bytes_[at + 1] = static_cast<std::uint8_t>(second);
  }
  std::vector<std::uint8_t> take() { return {bytes_.begin(), bytes_.end()}; }

 private:
  std::vector<std::uint8_t> bytes_;
};

class Reader {
 public:
  explicit Reader(const std::vector<std::uint8_t>& bytes) : at_(bytes.data()) {}
  std::uint64_t get(unsigned length) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < length; ++i) value |= static_cast<std::uint64_t>(*at_++) << (8 * i);
    return value;
  }

 private:
  const std::uint8_t* at_;
};

// Two bytes of lengths, then the numbers: [joules 4 | at 4] [before 2 | after 2 | spread 2 | gap | watts
// differ].
void code(Writer& out, const Whole& w, const Line& line) {
  const std::size_t head = out.open();
  const unsigned at = out.put(zigzag(minus(w.at, line.at())));
  const unsigned joules = out.put(zigzag(minus(w.joules, line.joules(w.at))));
  const unsigned before = out.put_short(zigzag(w.before - line.last.before));
  const unsigned after = out.put_short(zigzag(w.after - line.last.after));
  const unsigned spread = out.put_short(zigzag(w.spread - line.last.spread));
  const bool watts = w.watts != line.last.watts;
  if (watts) out.put_four(w.watts);
  out.close(head, joules | at << 4U,
            before | after << 2U | spread << 4U | static_cast<unsigned>(w.gap) << 6U |
                static_cast<unsigned>(watts) << 7U);
}

Whole decode(Reader& in, const Line& line) {
  const auto first = static_cast<unsigned>(in.get(1)), second = static_cast<unsigned>(in.get(1));
  Whole w;
  w.at = plus(line.at(), unzigzag(in.get(first >> 4U)));
  w.joules = plus(line.joules(w.at), unzigzag(in.get(first & 15U)));
  w.before = line.last.before + unzigzag(in.get(kShort[second & 3U]));
  w.after = line.last.after + unzigzag(in.get(kShort[second >> 2U & 3U]));
  w.spread = line.last.spread + unzigzag(in.get(kShort[second >> 4U & 3U]));
  w.gap = (second >> 6U & 1U) != 0;
  w.watts = second >> 7U != 0 ? static_cast<std::uint32_t>(in.get(4)) : line.last.watts;
  return w;
}

}  // namespace

PackedPoints::Block PackedPoints::pack(const Point* points) {
  Writer out;
  Line line;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const Whole w = to_whole(points[i]);
    code(out, w, line);
    line.move_to(w);
  }
  return {points[0].at, points[kBlock - 1].at, out.take()};
}

std::vector<Point> PackedPoints::unpack(const Block& block) {
  Reader in(block.code);
  Line line;
  std::vector<Point> out;
  out.reserve(kBlock);
  for (std::size_t i = 0; i < kBlock; ++i) {
    const Whole w = decode(in, line);
    out.push_back(to_point(w));
    line.move_to(w);
  }
  return out;
}

void PackedPoints::push(const Point& point) {
  tail_.push_back(point);
  if (tail_.size() <= kBlock) return;
  blocks_.push_back(pack(tail_.data()));
  tail_.assign({point});
}

const std::vector<Point>& PackedPoints::unpacked(std::size_t block) const {
  const std::uint64_t wanted = popped_ + block;
  const auto found = std::ranges::find(cache_, wanted, &Unpacked::block);
  if (found != cache_.end()) return found->points;
  Unpacked& slot = cache_[oldest_];
  oldest_ = (oldest_ + 1) % cache_.size();
  slot = {wanted, unpack(blocks_[block])};
  return slot.points;
}

Point PackedPoints::operator[](std::size_t i) const {
  const std::size_t block = i / kBlock;
  return block < blocks_.size() ? unpacked(block)[i % kBlock] : tail_[i - blocks_.size() * kBlock];
}

std::size_t PackedPoints::count_until(Instant t) const {
  if (empty()) return 0;
  if (t >= tail_.front().at) {
    const auto to = std::ranges::upper_bound(tail_, t, {}, &Point::at);
    return blocks_.size() * kBlock + static_cast<std::size_t>(to - tail_.begin());
  }
  const auto next = std::ranges::upper_bound(blocks_, t, {}, &Block::first);
  if (next == blocks_.begin()) return 0;
  const auto block = static_cast<std::size_t>(next - blocks_.begin()) - 1;
  const std::vector<Point>& points = unpacked(block);
  const auto to = std::ranges::upper_bound(points, t, {}, &Point::at);
  return block * kBlock + static_cast<std::size_t>(to - points.begin());
}

std::vector<Point> PackedPoints::pop_block() {
  std::vector<Point> out = unpack(blocks_.front());
  blocks_.pop_front();
  ++popped_;
  return out;
}

std::size_t PackedPoints::bytes() const {
  std::size_t sum = tail_.capacity() * sizeof(Point);
  for (const Unpacked& kept : cache_) sum += kept.points.capacity() * sizeof(Point);
  for (const Block& block : blocks_) sum += sizeof(Block) + block.code.capacity();
  return sum;
}

void PointRing::push(Point point) {
  point.before = round_up(point.before);
  point.after = round_up(point.after);
  point.spread = round_up(point.spread);
  recent_.push(point);
  while (recent_.has_block_before(point.at - kFull)) retire(recent_.pop_block());
  while (thinned_.has_block_before(point.at - kThinned)) thinned_.pop_block();
}

std::size_t PointRing::count_until(Instant t) const {
  if (empty()) return 0;
  return t < recent_.first_at() ? thinned_.count_until(t) : thinned_.size() + recent_.count_until(t);
}

void PointRing::retire(const std::vector<Point>& points) {
  for (std::size_t i = 0; i < points.size(); ++i) {
    // Both ends of a gap stay, else it would seem longer than it was.
    const bool opens_gap = i + 1 < points.size() ? points[i + 1].gap : recent_[0].gap;
    const bool due = thinned_.empty() || points[i].at - thinned_.back().at >= kStep;
    if (due || points[i].gap || opens_gap) thinned_.push(points[i]);
  }
}

}  // namespace ipw::telemetry
