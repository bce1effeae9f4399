// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace ipw::tools {

/// Keep the first and the last half of `most` characters (code points) and say how many are left out between
/// them. Invalid UTF-8 becomes U+FFFD first.
std::string shorten_middle(std::string_view text, std::size_t most);

}  // namespace ipw::tools
