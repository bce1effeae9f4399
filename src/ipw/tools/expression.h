// SPDX-License-Identifier: Apache-2.0
// Arithmetic as people and models write it.
#pragma once
#include <string>
#include <string_view>

#include "ipw/base/result.h"

namespace ipw::tools {

/// Work out + - * / // % ** (also ^), signs, parentheses, pi, e, tau and the functions of
/// docs/reference/tools/calculator.md. Whole numbers are exact below 2^126, all else are doubles; % and //
/// round as Python's. Time is linear in the text. Gives the number as text, or what is wrong and where
/// (defects A21, Z5).
Result<std::string, std::string> calculate(std::string_view expression);

}  // namespace ipw::tools
