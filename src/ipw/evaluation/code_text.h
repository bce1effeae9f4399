// SPDX-License-Identifier: Apache-2.0
// What of a response is the program.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace ipw::evaluation {

/// The contents of the fenced blocks (``` or ~~~, any language tag) in order; a block without an end runs to
/// the end of the text, as the token limit leaves it.
std::vector<std::string_view> fenced_blocks(std::string_view text);

}  // namespace ipw::evaluation
