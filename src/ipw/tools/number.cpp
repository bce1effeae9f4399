// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/number.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>

namespace ipw::tools {
namespace {

/// Below the type's range, so that no sign or sum of two of them overflows.
constexpr Whole kLargest = Whole{1} << 126;

std::optional<Whole> in_range(Whole x) {
  if (x >= kLargest || x <= -kLargest) return {};
  return x;
}

const Whole* whole(const Number& x) {
  return std::get_if<Whole>(&x);
}

std::optional<Whole> product(Whole a, Whole b) {
  Whole out = 0;
  if (__builtin_mul_overflow(a, b, &out)) return {};
  return in_range(out);
}

std::optional<Whole> whole_power(Whole base, Whole exponent) {
  Whole out = 1;
  while (exponent > 0) {
    if (exponent % 2 == 1) {
      const auto next = product(out, base);
      if (!next) return {};
      out = *next;
    }
    exponent /= 2;
    if (exponent == 0) break;
    const auto square = product(base, base);
    if (!square) return {};
    base = *square;
  }
  return out;
}

Whole floor_quotient(Whole a, Whole b) {
  const Whole q = a / b;
  return q * b != a && (a < 0) != (b < 0) ? q - 1 : q;
}

void refuse_zero(const Number& divisor) {
  if (to_double(divisor) == 0) throw CalculatorError("division by zero");
}

}  // namespace

double to_double(const Number& x) {
  if (const auto* w = whole(x)) return static_cast<double>(*w);
  return std::get<double>(x);
}

Number finite(double x) {
  if (std::isnan(x)) throw CalculatorError("there is no real number for it");
  if (std::isinf(x)) throw CalculatorError("the result is too large (above 1.8e308)");
  return x;
}

std::string to_text(const Number& x) {
  if (const auto* w = whole(x)) return fmt::format("{}", *w);
  const double d = std::get<double>(x);
  return fmt::format("{}", d == 0 ? 0.0 : d);
}

Number add(const Number& a, const Number& b) {
  if (whole(a) && whole(b))
    if (const auto sum = in_range(*whole(a) + *whole(b))) return *sum;
  return finite(to_double(a) + to_double(b));
}

Number negate(const Number& a) {
  if (const auto* w = whole(a)) return Whole{-*w};
  return -std::get<double>(a);
}

Number subtract(const Number& a, const Number& b) {
  return add(a, negate(b));
}

Number multiply(const Number& a, const Number& b) {
  if (whole(a) && whole(b))
    if (const auto out = product(*whole(a), *whole(b))) return *out;
  return finite(to_double(a) * to_double(b));
}

Number divide(const Number& a, const Number& b) {
  refuse_zero(b);
  if (whole(a) && whole(b) && *whole(a) % *whole(b) == 0) return Whole{*whole(a) / *whole(b)};
  return finite(to_double(a) / to_double(b));
}

Number floor_divide(const Number& a, const Number& b) {
  refuse_zero(b);
  if (whole(a) && whole(b)) return floor_quotient(*whole(a), *whole(b));
  return finite(std::floor(to_double(a) / to_double(b)));
}

Number modulo(const Number& a, const Number& b) {
  refuse_zero(b);
  if (whole(a) && whole(b)) return Whole{*whole(a) - floor_quotient(*whole(a), *whole(b)) * *whole(b)};
  const double divisor = to_double(b);
  const double rest = std::fmod(to_double(a), divisor);
  return finite(rest != 0 && (rest < 0) != (divisor < 0) ? rest + divisor : rest);
}

Number power(const Number& base, const Number& exponent) {
  if (to_double(base) == 0 && to_double(exponent) < 0) throw CalculatorError("zero has no negative power");
  if (whole(base) && whole(exponent) && *whole(exponent) >= 0)
    if (const auto out = whole_power(*whole(base), *whole(exponent))) return *out;
  return finite(std::pow(to_double(base), to_double(exponent)));
}

}  // namespace ipw::tools
