// SPDX-License-Identifier: Apache-2.0
// Numbers in prose.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ipw::evaluation {

struct Number {
  double value = 0;  ///< a percentage is its value: 50% is 0.5
  bool percent = false;
  std::string text;  ///< as it was written
};

/// Find all numbers of a text in order: 12, -3, 1,234, 1.5, .5, 2e3, 1/2, 50%. A minus after a letter, digit
/// or closing bracket is an operator; digits inside a word (H2O, x1) are no number.
std::vector<Number> find_numbers(std::string_view text);

/// Read English number words, "zero" to "ninety-nine"; the last one of the text.
std::optional<Number> last_number_word(std::string_view text);

}  // namespace ipw::evaluation
