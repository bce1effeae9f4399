// SPDX-License-Identifier: Apache-2.0
#include "ipw/evaluation/math_value.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string_view>

#include "ipw/base/text.h"

namespace ipw::evaluation::math {
namespace {

namespace mp = boost::multiprecision;
constexpr unsigned kMostBits = 4000, kMostFactorial = 500;

bool small_enough(const Rational& r) {
  const auto bits = [](const mp::cpp_int& n) {
    return n == 0 ? 0U : static_cast<unsigned>(mp::msb(mp::abs(n)));
  };
  return bits(mp::numerator(r)) + bits(mp::denominator(r)) < kMostBits;
}

std::optional<int> small_integer(const Rational& r) {
  constexpr int kLargest = 100'000;
  if (mp::denominator(r) != 1 || mp::abs(mp::numerator(r)) > kLargest) return std::nullopt;
  return static_cast<int>(mp::numerator(r));
}

std::optional<Rational> exact_power(const Rational& base, const Rational& raised) {
  const auto n = small_integer(raised);
  if (!n || (base == 0 && *n <= 0)) return std::nullopt;
  const auto times = static_cast<unsigned>(std::abs(*n));
  const auto bits = std::max(mp::msb(mp::abs(mp::numerator(base)) + 1), mp::msb(mp::denominator(base)));
  if (bits * times > kMostBits) return std::nullopt;
  const mp::cpp_int above = mp::pow(mp::numerator(base), times),
                    below = mp::pow(mp::denominator(base), times);
  return *n < 0 ? Rational(below, above) : Rational(above, below);
}

Rational product_of_range(int from, int to) {
  mp::cpp_int out = 1;
  for (int i = from; i <= to; ++i) out *= i;
  return out;
}

std::optional<Rational> exact_call(const std::string& name, const std::vector<Rational>& args) {
  if (name == "abs" && args.size() == 1) return Rational(mp::abs(args[0]));
  if (name == "factorial" && args.size() == 1) {
    const auto n = small_integer(args[0]);
    if (n && *n >= 0 && *n <= static_cast<int>(kMostFactorial)) return product_of_range(1, *n);
  }
  if (name == "binomial" && args.size() == 2) {
    const auto n = small_integer(args[0]), k = small_integer(args[1]);
    if (n && k && *k >= 0 && *k <= *n && *k <= static_cast<int>(kMostFactorial))
      return product_of_range(*n - *k + 1, *n) / product_of_range(1, *k);
  }
  if ((name == "floor" || name == "ceil") && args.size() == 1) {
    const auto& n = mp::numerator(args[0]);
    const auto& d = mp::denominator(args[0]);
    mp::cpp_int q = n / d;
    if (n % d != 0 && (n < 0) == (name == "floor")) q += name == "floor" ? -1 : 1;
    return Rational(q);
  }
  return std::nullopt;
}

std::optional<Rational> fold(const Expression& e, const std::vector<Rational>& args) {
  switch (e.kind) {
    case Kind::Sum: {
      Rational out = 0;
      for (const auto& a : args) out += a;
      return out;
    }
    case Kind::Product:
      return Rational(args[0] * args[1]);
    case Kind::Quotient:
      return args[1] == 0 ? std::nullopt : std::optional(Rational(args[0] / args[1]));
    case Kind::Power:
      return exact_power(args[0], args[1]);
    case Kind::Negative:
      return Rational(-args[0]);
    case Kind::Percent:
      return Rational(args[0] / 100);
    case Kind::Call:
      return exact_call(e.name, args);
    default:
      return std::nullopt;
  }
}

/// A value for a name, between 0.3 and 2.3 in steps that no simple identity meets.
long double drawn(std::string_view name, unsigned round) {
  std::uint64_t h = 14695981039346656037U + round * 0x9e3779b97f4a7c15U;
  for (const char c : name) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211U;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9U;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebU;
  h ^= h >> 31;
  const long double size = 0.3L + 2.0L * static_cast<long double>(h >> 11) / 9007199254740992.0L;
  return round >= 2 && (h & 1U) != 0 ? -size : size;
}

using Function = Complex (*)(const Complex&);
struct Named {
  std::string_view name;
  Function function;
};
const Complex kOne{1, 0};
constexpr std::array kFunctions = {
    Named{"abs", [](const Complex& z) { return Complex(std::abs(z)); }},
    Named{"arccos", [](const Complex& z) { return std::acos(z); }},
    Named{"arccot", [](const Complex& z) { return std::atan(kOne / z); }},
    Named{"arccsc", [](const Complex& z) { return std::asin(kOne / z); }},
    Named{"arcsec", [](const Complex& z) { return std::acos(kOne / z); }},
    Named{"arcsin", [](const Complex& z) { return std::asin(z); }},
    Named{"arctan", [](const Complex& z) { return std::atan(z); }},
    Named{"ceil", [](const Complex& z) { return Complex(std::ceil(z.real())); }},
    Named{"cos", [](const Complex& z) { return std::cos(z); }},
    Named{"cosh", [](const Complex& z) { return std::cosh(z); }},
    Named{"cot", [](const Complex& z) { return kOne / std::tan(z); }},
    Named{"coth", [](const Complex& z) { return kOne / std::tanh(z); }},
    Named{"csc", [](const Complex& z) { return kOne / std::sin(z); }},
    Named{"csch", [](const Complex& z) { return kOne / std::sinh(z); }},
    Named{"exp", [](const Complex& z) { return std::exp(z); }},
    Named{"factorial", [](const Complex& z) { return Complex(std::tgamma(z.real() + 1)); }},
    Named{"floor", [](const Complex& z) { return Complex(std::floor(z.real())); }},
    Named{"ln", [](const Complex& z) { return std::log(z); }},
    Named{"sec", [](const Complex& z) { return kOne / std::cos(z); }},
    Named{"sech", [](const Complex& z) { return kOne / std::cosh(z); }},
    Named{"sin", [](const Complex& z) { return std::sin(z); }},
    Named{"sinh", [](const Complex& z) { return std::sinh(z); }},
    Named{"tan", [](const Complex& z) { return std::tan(z); }},
    Named{"tanh", [](const Complex& z) { return std::tanh(z); }},
};
static_assert(std::ranges::is_sorted(kFunctions, {}, &Named::name));

std::string call_text(const Expression& e, const std::vector<Complex>& args) {
  std::string out = e.name;
  for (const auto& a : args)
    out += '(' + std::to_string(static_cast<double>(a.real())) + ',' +
           std::to_string(static_cast<double>(a.imag()));
  return out;
}

Complex call(const Expression& e, const std::vector<Complex>& args, unsigned round) {
  if (e.name == "log")
    return args.size() == 2 ? std::log(args[0]) / std::log(args[1]) : std::log(args[0]) / std::log(10.0L);
  if (e.name == "lg") return std::log(args[0]) / std::log(10.0L);
  if (e.name == "binomial" && args.size() == 2)
    return std::exp(std::lgamma(args[0].real() + 1) - std::lgamma(args[1].real() + 1) -
                    std::lgamma(args[0].real() - args[1].real() + 1));
  const auto it = std::ranges::lower_bound(kFunctions, std::string_view(e.name), {}, &Named::name);
  if (it != kFunctions.end() && it->name == e.name && args.size() == 1) return it->function(args[0]);
  return drawn(call_text(e, args),
               round);  // a function without a name of its own: any value, the same each time
}

/// Small whole exponents by multiplication, so that a real base stays real.
Complex power(const Complex& base, const Complex& raised) {
  const auto n = std::round(raised.real());
  if (raised.imag() == 0 && raised.real() == n && std::abs(n) <= 64)
    return std::pow(base, static_cast<int>(n));
  if (base == Complex(0)) return raised.real() > 0 ? Complex(0) : Complex(NAN);
  return std::pow(base, raised);
}

Complex combine(const Expression& e, const std::vector<Complex>& args, unsigned round) {
  switch (e.kind) {
    case Kind::Sum: {
      Complex out = 0;
      for (const auto& a : args) out += a;
      return out;
    }
    case Kind::Product:
      return args[0] * args[1];
    case Kind::Quotient:
      return args[0] / args[1];
    case Kind::Power:
      return power(args[0], args[1]);
    case Kind::Negative:
      return -args[0];
    case Kind::Percent:
      return args[0] / 100.0L;
    case Kind::Call:
      return call(e, args, round);
    default:
      return NAN;
  }
}

Complex leaf(const Expression& e, unsigned round) {
  switch (e.kind) {
    case Kind::Number:
      return e.value.convert_to<long double>();
    case Kind::Symbol:
      return drawn(e.name, round);
    case Kind::Pi:
      return std::numbers::pi_v<long double>;
    case Kind::Euler:
      return std::numbers::e_v<long double>;
    case Kind::Imaginary:
      return {0, 1};
    default:
      return NAN;
  }
}

Complex raw_value(const Expression& e, unsigned round) {
  if (e.args.empty()) return leaf(e, round);
  std::vector<Complex> args;
  for (const auto& a : e.args) args.push_back(raw_value(a, round));
  return combine(e, args, round);
}

}  // namespace

Rational number_value(std::string_view text) {
  const auto mark = text.find_first_of("eE");
  auto digits = text.substr(0, mark);
  int exponent = 0;
  if (mark != text.npos) exponent = static_cast<int>(parse_int(text.substr(mark + 1)).value_or(0));
  std::string all(digits);
  if (const auto point = all.find('.'); point != all.npos) {
    exponent -= static_cast<int>(all.size() - point - 1);
    all.erase(point, 1);
  }
  all.erase(0, std::min(all.find_first_not_of('0'), all.size() - 1));
  const mp::cpp_int scale = mp::pow(mp::cpp_int(10), static_cast<unsigned>(std::abs(exponent)));
  const Rational value(mp::cpp_int{all.c_str()});
  return exponent < 0 ? Rational(value / scale) : Rational(value * scale);
}

void collect_symbols(const Expression& e, std::set<std::string>& names) {
  if (e.kind == Kind::Symbol) names.insert(e.name);
  for (const auto& a : e.args) collect_symbols(a, names);
}

std::optional<Rational> exact_value(const Expression& e) {
  if (e.kind == Kind::Number) return e.value;
  if (e.args.empty()) return std::nullopt;
  std::vector<Rational> args;
  for (const auto& a : e.args) {
    auto v = exact_value(a);
    if (!v || !small_enough(*v)) return std::nullopt;
    args.push_back(std::move(*v));
  }
  return fold(e, args);
}

std::optional<Complex> value(const Expression& e, unsigned round) {
  const auto v = raw_value(e, round);
  if (!std::isfinite(v.real()) || !std::isfinite(v.imag())) return std::nullopt;
  return v;
}

int infinite_sign(const Expression& e) {
  if (e.kind == Kind::Infinity) return 1;
  return e.kind == Kind::Negative ? -infinite_sign(e.args[0]) : 0;
}

}  // namespace ipw::evaluation::math
