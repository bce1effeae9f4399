// SPDX-License-Identifier: Apache-2.0
// MMLU-Pro's published figure, which gives an answer without a letter a random one.
#pragma once
#include <vector>

#include "ipw/evaluation/tallies.h"

namespace ipw::evaluation {

/// The tally of compute_accuracy.py (github.com/TIGER-AI-Lab/MMLU-Pro, of 2025-02-23): Python's generator
/// with seed 12345 draws a letter of A to J for each answer that the phrase alone does not decide, then, for
/// the figure, for each answer that no pattern decides, in the order of the answers.
class MmluProTally final : public Tally {
 public:
  /// An answer without a reference cannot be right.
  void add(const Judged& answer) override;
  /// accuracy_official, official_guesses, official_guesses_right.
  std::vector<OfficialFigure> figures() const override;

 private:
  struct Entry {
    bool has_phrase;
    char letter, gold;  ///< letter: 0 where no pattern finds one
  };
  std::vector<Entry> entries_;
};

}  // namespace ipw::evaluation
