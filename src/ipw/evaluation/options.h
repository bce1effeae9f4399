// SPDX-License-Identifier: Apache-2.0
// Letters of options.
#pragma once
#include <algorithm>
#include <cstddef>

#include "ipw/base/text.h"
#include "ipw/evaluation/scorer.h"

namespace ipw::evaluation {

/// The reference as a letter of the first `letters` options: the capital letter itself, or that of the option
/// with this text. 0 where it is neither.
inline char reference_letter(const Task& task, std::size_t letters) {
  const auto answer = trim(task.answer);
  const auto at_letter = answer.size() == 1 ? static_cast<std::size_t>(answer[0] - 'A') : letters;
  if (at_letter < letters) return answer[0];
  const auto it = std::ranges::find_if(task.choices, [&](const auto& c) { return trim(c) == answer; });
  const auto at = static_cast<std::size_t>(it - task.choices.begin());
  return at < std::min(task.choices.size(), letters) ? static_cast<char>('A' + at) : '\0';
}

}  // namespace ipw::evaluation
