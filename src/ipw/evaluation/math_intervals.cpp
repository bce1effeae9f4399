// SPDX-License-Identifier: Apache-2.0
#include "ipw/evaluation/math_intervals.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "ipw/evaluation/math_tokens.h"
#include "ipw/evaluation/math_value.h"

namespace ipw::evaluation::math {
namespace {

using Piece = RealSet::Piece;
constexpr long double kInfinity = std::numeric_limits<long double>::infinity();
constexpr long double kNear = 1e-13L;

bool near(long double a, long double b) {
  return a == b || (std::isfinite(a) && std::isfinite(b) &&
                    std::abs(a - b) <= kNear * std::max({1.0L, std::abs(a), std::abs(b)}));
}

/// The real number of an end, or nothing.
std::optional<long double> end_of(const Expression& e) {
  if (const int sign = infinite_sign(e); sign != 0) return static_cast<long double>(sign) * kInfinity;
  std::set<std::string> names;
  collect_symbols(e, names);
  const auto v = value(e, 0);
  if (!names.empty() || !v || std::abs(v->imag()) > kNear) return std::nullopt;
  return v->real();
}

bool empty(const Piece& p) {
  return near(p.from, p.to) ? p.from_open || p.to_open : p.from > p.to;
}

/// Sort the pieces and join those that overlap or touch.
RealSet joined(std::vector<Piece> pieces) {
  std::erase_if(pieces, empty);
  std::ranges::sort(pieces, [](const Piece& a, const Piece& b) {
    return near(a.from, b.from) ? a.from_open < b.from_open : a.from < b.from;
  });
  RealSet out;
  for (const auto& p : pieces) {
    const bool touches = !out.pieces.empty() &&
                         (p.from < out.pieces.back().to || near(p.from, out.pieces.back().to)) &&
                         !(near(p.from, out.pieces.back().to) && p.from_open && out.pieces.back().to_open);
    if (!touches) {
      out.pieces.push_back(p);
      continue;
    }
    auto& last = out.pieces.back();
    if (near(p.to, last.to)) {
      last.to_open = last.to_open && p.to_open;
    } else if (p.to > last.to) {
      last.to = p.to;
      last.to_open = p.to_open;
    }
  }
  return out;
}

RealSet complement(const RealSet& set) {
  RealSet out;
  long double from = -kInfinity;
  bool open = true;
  for (const auto& p : set.pieces) {
    out.pieces.push_back({from, p.from, open, !p.from_open});
    from = p.to;
    open = !p.to_open;
  }
  out.pieces.push_back({from, kInfinity, open, true});
  return joined(std::move(out.pieces));
}

RealSet united(const RealSet& a, const RealSet& b) {
  auto pieces = a.pieces;
  pieces.insert(pieces.end(), b.pieces.begin(), b.pieces.end());
  return joined(std::move(pieces));
}

RealSet intersected(const RealSet& a, const RealSet& b) {
  return complement(united(complement(a), complement(b)));
}

std::optional<RealSet> of_points(const Expression& e) {
  std::vector<Piece> pieces;
  for (const auto& item : e.args) {
    const auto point = end_of(item);
    if (!point) return std::nullopt;
    pieces.push_back({*point, *point, false, false});
  }
  return joined(std::move(pieces));
}

std::optional<RealSet> of_interval(const Expression& e) {
  const auto from = end_of(e.args[0]), to = end_of(e.args[1]);
  if (!from || !to) return std::nullopt;
  return joined({{*from, *to, e.name[0] == '(' || std::isinf(*from), e.name[1] == ')' || std::isinf(*to)}});
}

/// The numbers x with x SIGN bound, or bound SIGN x when flipped.
RealSet half_line(long double bound, char sign, bool flipped) {
  const bool below = (sign == '<' || sign == sign::kAtMost) != flipped;
  const bool open = sign == '<' || sign == '>';
  if (sign == sign::kUnequal) return complement(joined({{bound, bound, false, false}}));
  return below ? joined({{-kInfinity, bound, true, open}}) : joined({{bound, kInfinity, open, true}});
}

/// x < 2, 1 < x <= 2, x != 3, with a bare symbol.
std::optional<RealSet> of_relation(const Expression& e) {
  if (e.name.find('=') != e.name.npos) return std::nullopt;
  RealSet out = complement({});
  for (std::size_t i = 0; i < e.name.size(); ++i) {
    const bool flipped = e.args[i].kind != Kind::Symbol;
    const auto& symbol = e.args[flipped ? i + 1 : i];
    const auto bound = end_of(e.args[flipped ? i : i + 1]);
    if (symbol.kind != Kind::Symbol || !bound) return std::nullopt;
    out = intersected(out, half_line(*bound, e.name[i], flipped));
  }
  return out;
}

std::optional<RealSet> of_pair(const Expression& e) {
  const auto a = real_set(e.args[0]), b = real_set(e.args[1]);
  if (!a || !b) return std::nullopt;
  if (e.kind == Kind::Union) return united(*a, *b);
  return intersected(*a, e.kind == Kind::Intersection ? *b : complement(*b));
}

}  // namespace

std::optional<RealSet> real_set(const Expression& e) {
  switch (e.kind) {
    case Kind::Sequence:
    case Kind::Tuple:
      return of_points(e);
    case Kind::Interval:
      return of_interval(e);
    case Kind::Relation:
      return of_relation(e);
    case Kind::Union:
    case Kind::Intersection:
    case Kind::Difference:
      return of_pair(e);
    case Kind::NamedSet:
      if (e.name.empty()) return RealSet{};
      return e.name == "R" ? std::optional(complement({})) : std::nullopt;
    default:
      return std::nullopt;
  }
}

bool same(const RealSet& a, const RealSet& b) {
  return std::ranges::equal(a.pieces, b.pieces, [](const Piece& p, const Piece& q) {
    return near(p.from, q.from) && near(p.to, q.to) && p.from_open == q.from_open && p.to_open == q.to_open;
  });
}

}  // namespace ipw::evaluation::math
