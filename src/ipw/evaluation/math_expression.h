// SPDX-License-Identifier: Apache-2.0
// A mathematical answer as a tree: numbers, terms, relations, sets, intervals, matrices and words.
#pragma once
#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace ipw::evaluation::math {

using Rational = boost::multiprecision::cpp_rational;

enum class Kind : std::uint8_t {
  Number,  ///< value; decimal: written with a point; name: its base, or empty
  Symbol,  ///< name: a letter with its subscript, a Greek letter, or the words of \text
  Pi,
  Euler,
  Imaginary,
  Infinity,
  Sum,
  Product,
  Quotient,  ///< numerator, denominator
  Power,     ///< base, exponent
  Negative,
  Percent,
  Call,      ///< name and arguments: sin, log (argument, base), factorial, floor
  Relation,  ///< n + 1 sides and the n signs between them in name: = ! < > l (at most) g (at least)
  Sequence,  ///< items with commas between them, or in braces: a set that remembers its order
  Tuple,     ///< items in brackets
  Interval,  ///< two ends; name: the two brackets, "[)"
  Union,
  Intersection,
  Difference,
  NamedSet,  ///< name: N Z Q R C, or "" for the empty set
  Matrix,    ///< entries row by row; name: "rows x columns"
};

struct Expression {
  Kind kind = Kind::Number;
  std::vector<Expression> args = {};
  std::string name = {};
  Rational value = {};
  bool decimal = false;
};

inline Expression make(Kind kind, std::vector<Expression> args = {}, std::string name = {}) {
  return {kind, std::move(args), std::move(name), {}, false};
}

inline bool is_set(const Expression& e) {
  return e.kind == Kind::Sequence || e.kind == Kind::Tuple || e.kind == Kind::Interval ||
         e.kind == Kind::Union || e.kind == Kind::Intersection || e.kind == Kind::Difference ||
         e.kind == Kind::NamedSet;
}

}  // namespace ipw::evaluation::math
