// SPDX-License-Identifier: Apache-2.0
// Numbers of the calculator: whole ones are exact while they fit, then doubles.
#pragma once
#include <stdexcept>
#include <string>
#include <variant>

namespace ipw::tools {

__extension__ using Whole = __int128;
using Number = std::variant<Whole, double>;

/// What is wrong with an operation, in words.
class CalculatorError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

double to_double(const Number& x);
/// A double that is finite, or throw.
Number finite(double x);
std::string to_text(const Number& x);

// All throw CalculatorError where there is no result.
Number add(const Number& a, const Number& b);
Number subtract(const Number& a, const Number& b);
Number multiply(const Number& a, const Number& b);
Number divide(const Number& a, const Number& b);
Number floor_divide(const Number& a, const Number& b);
Number modulo(const Number& a, const Number& b);
Number power(const Number& base, const Number& exponent);
Number negate(const Number& a);

}  // namespace ipw::tools
