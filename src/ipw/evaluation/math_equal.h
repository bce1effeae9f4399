// SPDX-License-Identifier: Apache-2.0
// Whether two answers are the same mathematical object. The rules for what may differ are Math-Verify's
// (github.com/huggingface/Math-Verify, grader.py): not symmetric, the reference says which form counts.
#pragma once
#include "ipw/evaluation/math_expression.h"

namespace ipw::evaluation::math {

/// Terms are equal when their values are: exactly for rational numbers, else at random points to 12 digits
/// (an identity test; two different terms agree there with no chance that matters). Decimals are equal to 6
/// places. Thread-safe, bounded by the size of the trees.
bool equal(const Expression& reference, const Expression& answer);

}  // namespace ipw::evaluation::math
