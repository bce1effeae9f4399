// SPDX-License-Identifier: Apache-2.0
// Tokens to a tree. Where notation is ambiguous the reading is Math-Verify's
// (github.com/huggingface/Math-Verify): "1/2x" is 1/(2x), "2 \frac{1}{2}" is 5/2, "(1,2)" an open interval,
// "f(x)" a function and "n(n+1)" a product.
#pragma once
#include <optional>
#include <span>

#include "ipw/evaluation/math_expression.h"
#include "ipw/evaluation/math_tokens.h"

namespace ipw::evaluation::math {

/// Nothing where the tokens are no notation that is known, or nest too deeply.
std::optional<Expression> parse(std::span<const Token> tokens);

}  // namespace ipw::evaluation::math
