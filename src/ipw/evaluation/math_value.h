// SPDX-License-Identifier: Apache-2.0
// The value of a term: exact where it is rational, else a complex number.
#pragma once
#include <complex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/evaluation/math_expression.h"

namespace ipw::evaluation::math {

using Complex = std::complex<long double>;

/// Read digits with at most one point, and a power of ten of at most three digits ("1.5e-3").
Rational number_value(std::string_view text);

/// The names that stand for values.
void collect_symbols(const Expression& e, std::set<std::string>& names);

/// The exact value of a term of rational numbers; nothing where there is something else in it or the number
/// is too large to write down (4,000 bits).
std::optional<Rational> exact_value(const Expression& e);

/// The value where each symbol has the value that `round` draws for its name; nothing where it is undefined
/// or no number. Round 0 and 1 give positive values, round 2 and 3 negative ones too.
std::optional<Complex> value(const Expression& e, unsigned round);

/// 1 or -1 for infinity and its negative, else 0.
int infinite_sign(const Expression& e);

}  // namespace ipw::evaluation::math
