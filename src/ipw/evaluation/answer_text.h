// SPDX-License-Identifier: Apache-2.0
// What of a response is the answer, and how text is made comparable.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace ipw::evaluation {

/// Cut away reasoning and keep all white space, which is part of a program.
std::string_view without_reasoning(std::string_view response);

/// Cut away reasoning and outer white space: keep what follows the last "</think>". Reasoning that never
/// ended leaves nothing.
std::string_view final_text(std::string_view response);

/// Drop white space, quotes, brackets, markdown marks and sentence punctuation at both ends.
std::string_view strip_outer(std::string_view text);

/// Lower-case, split at everything that is neither letter, digit nor inner apostrophe, and drop a, an, the.
/// Bytes beyond ASCII count as letters.
std::vector<std::string> words(std::string_view text);

/// Make two short answers comparable: an "answer is" lead-in, outer marks, case, articles and the amount of
/// white space do not matter, inner punctuation does.
std::string normalise(std::string_view text);

}  // namespace ipw::evaluation
