// SPDX-License-Identifier: Apache-2.0
// Where a response states its mathematical answer.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace ipw::evaluation::math {

/// The texts that may be the answer, best first: what is boxed last; what follows "answer:" or "answer"; the
/// last formula or number. Empty where there is nothing of the kind. Linear in the length of the response.
std::vector<std::string> answer_texts(std::string_view response);

}  // namespace ipw::evaluation::math
