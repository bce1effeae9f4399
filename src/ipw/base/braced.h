// SPDX-License-Identifier: Apache-2.0
// JSON objects within the text of a model, which seldom writes them alone.
#pragma once
#include <string_view>

namespace ipw {

/// The text from the opening brace that it begins with to the brace that closes it; braces in strings do not
/// count. Empty where it begins with none or nothing closes it. Linear; what it gives may still be no JSON.
std::string_view braced(std::string_view text);

}  // namespace ipw
