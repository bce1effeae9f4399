// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/calculator_functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <span>

namespace ipw::tools {
namespace {

using Arguments = std::span<const Number>;

/// A function of doubles.
template <double (*F)(double)>
Number real(Arguments a) {
  return finite(F(to_double(a[0])));
}

/// To a whole number, exact where it is one.
template <double (*F)(double)>
Number rounded(Arguments a) {
  if (std::holds_alternative<Whole>(a[0])) return a[0];
  const double x = F(std::get<double>(a[0]));
  if (std::abs(x) < 1e18) return static_cast<Whole>(x);
  return finite(x);
}

Number absolute(Arguments a) {
  return to_double(a[0]) < 0 ? negate(a[0]) : a[0];
}

/// Half to even, as Python's.
Number round_to(Arguments a) {
  if (a.size() == 1) return rounded<std::nearbyint>(a);
  const double digits = to_double(a[1]);
  if (std::trunc(digits) != digits || std::abs(digits) > 15)
    throw CalculatorError("round: the number of digits is a whole number from -15 to 15");
  const double scale = std::pow(10.0, std::abs(digits));
  const double x = to_double(a[0]);
  return finite(digits < 0 ? std::nearbyint(x / scale) * scale : std::nearbyint(x * scale) / scale);
}

Number logarithm(Arguments a) {
  const double x = to_double(a[0]);
  if (x <= 0) throw CalculatorError("log: there is none of a number that is not above 0");
  if (a.size() == 1) return finite(std::log(x));
  const double base = to_double(a[1]);
  if (base <= 0 || base == 1) throw CalculatorError("log: the base is above 0 and not 1");
  if (base == 2) return finite(std::log2(x));
  if (base == 10) return finite(std::log10(x));
  return finite(std::log(x) / std::log(base));
}

Number square_root(Arguments a) {
  const double x = to_double(a[0]);
  if (x < 0) throw CalculatorError("sqrt: there is none of a negative number");
  return finite(std::sqrt(x));
}

Number factorial(Arguments a) {
  const double n = to_double(a[0]);
  if (n < 0 || n > 170 || std::trunc(n) != n)
    throw CalculatorError("factorial: takes a whole number from 0 to 170");
  Number out = Whole{1};
  for (int i = 2; i <= static_cast<int>(n); ++i) out = multiply(out, Whole{i});
  return out;
}

Number smallest(Arguments a) {
  return *std::ranges::min_element(a, {}, to_double);
}
Number largest(Arguments a) {
  return *std::ranges::max_element(a, {}, to_double);
}
Number power_of(Arguments a) {
  return power(a[0], a[1]);
}
Number angle(Arguments a) {
  return finite(std::atan2(to_double(a[0]), to_double(a[1])));
}
Number degrees(Arguments a) {
  return finite(to_double(a[0]) * 180 / std::numbers::pi);
}
Number radians(Arguments a) {
  return finite(to_double(a[0]) * std::numbers::pi / 180);
}

struct Function {
  std::string_view name;
  std::size_t least, most;
  Number (*call)(Arguments);
};

constexpr std::array kFunctions = {
    Function{"abs", 1, 1, absolute},
    Function{"acos", 1, 1, real<std::acos>},
    Function{"asin", 1, 1, real<std::asin>},
    Function{"atan", 1, 1, real<std::atan>},
    Function{"atan2", 2, 2, angle},
    Function{"ceil", 1, 1, rounded<std::ceil>},
    Function{"cos", 1, 1, real<std::cos>},
    Function{"cosh", 1, 1, real<std::cosh>},
    Function{"degrees", 1, 1, degrees},
    Function{"exp", 1, 1, real<std::exp>},
    Function{"factorial", 1, 1, factorial},
    Function{"floor", 1, 1, rounded<std::floor>},
    Function{"ln", 1, 1, logarithm},
    Function{"log", 1, 2, logarithm},
    Function{"log10", 1, 1, real<std::log10>},
    Function{"log2", 1, 1, real<std::log2>},
    Function{"max", 1, 100, largest},
    Function{"min", 1, 100, smallest},
    Function{"pow", 2, 2, power_of},
    Function{"radians", 1, 1, radians},
    Function{"round", 1, 2, round_to},
    Function{"sin", 1, 1, real<std::sin>},
    Function{"sinh", 1, 1, real<std::sinh>},
    Function{"sqrt", 1, 1, square_root},
    Function{"tan", 1, 1, real<std::tan>},
    Function{"tanh", 1, 1, real<std::tanh>},
};

}  // namespace

Number call_function(std::string_view name, const std::vector<Number>& arguments) {
  const auto* f = std::ranges::find(kFunctions, name, &Function::name);
  if (f == kFunctions.end())
    throw CalculatorError(fmt::format("there is no function '{}'; there are {}", name, function_names()));
  if (arguments.size() < f->least || arguments.size() > f->most)
    throw CalculatorError(fmt::format("{} takes {}{} arguments, not {}", name, f->least,
                                      f->most > f->least ? fmt::format(" to {}", f->most) : "",
                                      arguments.size()));
  return f->call(arguments);
}

std::optional<double> constant(std::string_view name) {
  if (name == "pi") return std::numbers::pi;
  if (name == "e") return std::numbers::e;
  if (name == "tau") return 2 * std::numbers::pi;
  return {};
}

std::string function_names() {
  std::string out;
  for (const auto& f : kFunctions) out += fmt::format("{}{}", out.empty() ? "" : ", ", f.name);
  return out;
}

}  // namespace ipw::tools
