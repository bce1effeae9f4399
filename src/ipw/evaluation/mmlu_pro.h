// SPDX-License-Identifier: Apache-2.0
// MMLU-Pro's published figure, which gives an answer without a letter a random one.
#pragma once
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace ipw::evaluation {

/// The tally of compute_accuracy.py (github.com/TIGER-AI-Lab/MMLU-Pro, of 2025-02-23): Python's generator
/// with seed 12345 draws a letter of A to J for each answer that the phrase alone does not decide, then, for
/// the figure, for each answer that no pattern decides, in the order of the answers.
class MmluProTally {
 public:
  /// A whole response, reasoning included, and the letter of its reference.
  void add(std::string_view response, char gold);

  struct Result {
    double accuracy = 0;
    std::size_t guessed = 0, guessed_right = 0;
  };
  /// Nothing without answers.
  std::optional<Result> result() const;

 private:
  struct Entry {
    bool has_phrase;
    char letter, gold;  ///< letter: 0 where no pattern finds one
  };
  std::vector<Entry> entries_;
};

}  // namespace ipw::evaluation
