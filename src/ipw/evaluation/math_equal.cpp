// SPDX-License-Identifier: Apache-2.0
#include "ipw/evaluation/math_equal.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "ipw/evaluation/math_intervals.h"
#include "ipw/evaluation/math_value.h"

namespace ipw::evaluation::math {
namespace {

namespace mp = boost::multiprecision;
constexpr long double kNear = 1e-12L;
constexpr unsigned kRounds = 4;

bool near(const Complex& a, const Complex& b) {
  return std::abs(a - b) <= kNear * std::max({1e-3L, std::abs(a), std::abs(b)});
}

// Numbers.

/// A number, maybe with a sign and a percent sign: the form in which a decimal counts to 6 places only.
struct Literal {
  Rational value;  ///< without the percent sign
  bool decimal = false, percent = false;
};

std::optional<Literal> literal(const Expression& e) {
  if (e.kind == Kind::Number) return Literal{e.value, e.decimal, false};
  if (e.kind == Kind::Negative) {
    auto inner = literal(e.args[0]);
    if (inner) inner->value = -inner->value;
    return inner;
  }
  if (e.kind != Kind::Percent) return std::nullopt;
  auto inner = literal(e.args[0]);
  if (inner) inner->percent = true;
  return inner;
}

bool is_integer(const Rational& r) {
  return mp::denominator(r) == 1;
}

/// The number at 6 decimals, in millionths, half to even.
mp::cpp_int millionths(const Rational& r) {
  const Rational scaled = r * 1'000'000;
  const mp::cpp_int n = mp::numerator(scaled), d = mp::denominator(scaled);
  mp::cpp_int q = n / d, rest = n % d;
  if (rest < 0) --q, rest += d;
  const mp::cpp_int twice = 2 * rest;
  if (twice > d || (twice == d && q % 2 != 0)) ++q;
  return q;
}

bool same_to_six_places(const Expression& a, const Expression& b) {
  const auto x = exact_value(a), y = exact_value(b);
  if (x && y) return millionths(*x) == millionths(*y);
  const auto u = value(a, 0), v = value(b, 0);
  constexpr long double kMillion = 1e6L;
  return u && v && std::abs(u->imag()) < kNear && std::abs(v->imag()) < kNear &&
         std::abs(std::round(u->real() * kMillion) - std::round(v->real() * kMillion)) < 0.5L;
}

bool has_symbols(const Expression& e) {
  std::set<std::string> names;
  collect_symbols(e, names);
  return !names.empty();
}

/// Nothing where neither is a plain number.
std::optional<bool> equal_literals(const Expression& a, const Expression& b) {
  const auto x = literal(a), y = literal(b);
  if (!x && !y) return std::nullopt;
  if ((x && x->decimal) || (y && y->decimal))
    return !has_symbols(a) && !has_symbols(b) && same_to_six_places(a, b);
  if (x && y && is_integer(x->value) && is_integer(y->value)) {
    const bool other_base = !a.name.empty() && !b.name.empty() && a.name != b.name;
    return x->value == y->value && !other_base;
  }
  return std::nullopt;
}

bool equal_terms(const Expression& a, const Expression& b) {
  if (const auto decided = equal_literals(a, b)) return *decided;
  if (infinite_sign(a) != 0 || infinite_sign(b) != 0) return infinite_sign(a) == infinite_sign(b);
  const auto x = exact_value(a), y = exact_value(b);
  if (x && y) return *x == *y;
  unsigned seen = 0;
  for (unsigned round = 0; round < kRounds; ++round) {
    const auto u = value(a, round), v = value(b, round);
    if (u.has_value() != v.has_value() || (u && !near(*u, *v))) return false;
    seen += u ? 1 : 0;
  }
  return seen > 0;
}

// Words.

/// The letters of a product of variables, as they stand, or of one symbol.
std::optional<std::string> letters(const Expression& e) {
  if (e.kind == Kind::Symbol) return e.name;
  if (e.kind == Kind::Euler) return "e";
  if (e.kind == Kind::Imaginary) return "i";
  if (e.kind != Kind::Product) return std::nullopt;
  const auto left = letters(e.args[0]), right = letters(e.args[1]);
  return left && right ? std::optional(*left + *right) : std::nullopt;
}

/// "\text{even}" and "even", which reads as a product of four variables.
bool equal_words(const Expression& a, const Expression& b) {
  if (a.kind != Kind::Symbol && b.kind != Kind::Symbol) return false;
  const auto x = letters(a), y = letters(b);
  return x && *x == y;
}

// Relations.

bool is_equation(const Expression& e) {
  return e.kind == Kind::Relation && e.name.find_first_not_of('=') == std::string::npos;
}

bool only_symbols(const Expression& e) {
  if (e.kind == Kind::Symbol || e.kind == Kind::Euler || e.kind == Kind::Imaginary) return true;
  return !e.args.empty() && std::ranges::all_of(e.args, only_symbols);
}

bool is_assignment(const Expression& e) {
  return is_equation(e) && only_symbols(e.args[0]);
}

char flipped(char c) {
  switch (c) {
    case '<':
      return '>';
    case '>':
      return '<';
    case 'l':
      return 'g';
    case 'g':
      return 'l';
    default:
      return c;
  }
}

Expression difference(const Expression& a, const Expression& b) {
  return make(Kind::Sum, {a, make(Kind::Negative, {b})});
}

/// The constant factor between two terms, or nothing.
std::optional<long double> factor_between(const Expression& a, const Expression& b) {
  std::optional<Complex> factor;
  for (unsigned round = 0; round < kRounds; ++round) {
    const auto u = value(a, round), v = value(b, round);
    if (!u || !v || std::abs(*v) < kNear || std::abs(*u) < kNear) return std::nullopt;
    const Complex ratio = *u / *v;
    if (factor && !near(*factor, ratio)) return std::nullopt;
    factor = ratio;
  }
  if (std::abs(factor->imag()) > kNear) return std::nullopt;
  return factor->real();
}

/// Two sides and a sign each: equal when one is the other times a constant, the sign turned where it is
/// negative.
bool equal_steps(const Expression& a, std::size_t i, const Expression& b, std::size_t j) {
  const auto factor =
      is_set(a.args[i + 1]) || is_set(b.args[j + 1])
          ? std::nullopt
          : factor_between(difference(a.args[i], a.args[i + 1]), difference(b.args[j], b.args[j + 1]));
  if (factor) return a.name[i] == (*factor < 0 ? flipped(b.name[j]) : b.name[j]);
  return a.name[i] == b.name[j] && equal(a.args[i], b.args[j]) && equal(a.args[i + 1], b.args[j + 1]);
}

bool equal_relations(const Expression& a, const Expression& b) {
  if (a.name.size() != b.name.size()) return false;
  const auto steps = a.name.size();
  bool same_order = true, turned = true;
  for (std::size_t i = 0; i < steps; ++i) {
    same_order = same_order && equal_steps(a, i, b, i);
    turned = turned && equal_steps(a, i, b, steps - 1 - i);
  }
  return same_order || turned;
}

// Sets.

/// Each item has an equal partner of its own.
bool equal_unordered(const std::vector<Expression>& a, std::vector<Expression> b) {
  if (a.size() != b.size()) return false;
  for (const auto& item : a) {
    const auto it = std::ranges::find_if(b, [&](const Expression& other) { return equal(item, other); });
    if (it == b.end()) return false;
    b.erase(it);
  }
  return true;
}

bool equal_ordered(const std::vector<Expression>& a, const std::vector<Expression>& b) {
  return std::ranges::equal(a, b, [](const Expression& x, const Expression& y) { return equal(x, y); });
}

/// A finite set lists nothing twice.
std::vector<Expression> distinct(const std::vector<Expression>& items) {
  std::vector<Expression> out;
  for (const auto& item : items)
    if (std::ranges::none_of(out, [&](const Expression& other) { return equal(item, other); }))
      out.push_back(item);
  return out;
}

bool lists_items(const Expression& e) {
  return e.kind == Kind::Sequence || e.kind == Kind::Tuple || (e.kind == Kind::Interval && e.name == "()");
}

Expression as_set(const Expression& e) {
  return is_set(e) ? e : make(Kind::Sequence, {e});
}

/// Whether each end is open; infinity is never in a set of numbers.
std::pair<bool, bool> brackets(const Expression& e) {
  return {e.name[0] == '(' || infinite_sign(e.args[0]) != 0,
          e.name[1] == ')' || infinite_sign(e.args[1]) != 0};
}

bool equal_sets(const Expression& a, const Expression& b) {
  if (a.kind == Kind::Interval && b.kind == Kind::Interval)
    return brackets(a) == brackets(b) && equal_ordered(a.args, b.args);
  if (lists_items(a) && lists_items(b)) {
    if (a.kind != Kind::Sequence) return equal_ordered(a.args, b.args);
    return equal_unordered(a.args, b.args) ||
           (b.kind == Kind::Sequence && equal_unordered(distinct(a.args), distinct(b.args)));
  }
  if (a.kind == Kind::NamedSet && b.kind == Kind::NamedSet) return a.name == b.name;
  const auto x = real_set(a), y = real_set(b);
  if (x && y) return same(*x, *y);
  return a.kind == b.kind &&
         (a.kind == Kind::Difference ? equal_ordered(a.args, b.args) : equal_unordered(a.args, b.args));
}

/// What remains of "x = 5" where the other is no equation: 5.
const Expression& last_side(const Expression& e) {
  return e.args.back();
}

bool equal_plain(const Expression& a, const Expression& b) {
  if (a.kind == Kind::Relation && b.kind == Kind::Relation) return equal_relations(a, b);
  if (a.kind == Kind::Relation && is_set(b)) {
    const auto x = real_set(a), y = real_set(b);
    return x && y && same(*x, *y);
  }
  if (a.kind == Kind::Relation || b.kind == Kind::Relation) return false;
  if (is_set(a) || is_set(b)) return equal_sets(as_set(a), as_set(b));
  if (a.kind == Kind::Matrix || b.kind == Kind::Matrix)
    return a.kind == b.kind && a.name == b.name && equal_ordered(a.args, b.args);
  return equal_words(a, b) || equal_terms(a, b);
}

/// "x = y + 1 = 3": what is said of x is 3.
Expression shortened(const Expression& e) {
  return is_assignment(e) && e.args.size() > 2
             ? make(Kind::Relation, {e.args.front(), e.args.back()}, e.name.substr(0, 1))
             : e;
}

}  // namespace

bool equal(const Expression& reference, const Expression& answer) {
  const bool only_one = answer.kind == Kind::Sequence && answer.args.size() == 1;
  if (only_one && !is_set(reference)) return equal(reference, answer.args[0]);
  if (is_equation(answer) && !is_equation(reference)) return equal(reference, last_side(answer));
  if (is_assignment(reference) && !is_equation(answer)) return equal(last_side(reference), answer);
  return equal_plain(shortened(reference), shortened(answer));
}

}  // namespace ipw::evaluation::math
