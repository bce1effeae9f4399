// SPDX-License-Identifier: Apache-2.0
// The figures that a benchmark publishes beside or instead of the share of right answers.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "ipw/base/registry.h"

namespace ipw::evaluation {

/// One answer with its verdict. The views must live through Tally::add only.
struct Judged {
  std::string_view response;   ///< whole, as the client gave it
  std::string_view reference;  ///< the question's answer
  bool correct = false;
  std::optional<double> score;
  std::string_view metadata;  ///< of the verdict: JSON object text, may be empty
};

struct OfficialFigure {
  std::string_view key, label;
  double value = 0;
  bool is_count = false;  ///< else a share, 0 to 1
};

/// Take the scored answers of a run in the order of the questions, then give the benchmark's own figures.
/// One thread at a time.
class Tally {
 public:
  virtual ~Tally() = default;
  virtual void add(const Judged& answer) = 0;
  /// Empty where no answer allows a figure.
  virtual std::vector<OfficialFigure> figures() const = 0;
};

using TallyEntry = Entry<Tally>;
/// The registry, by the name of the rule: tallies.cpp. Most rules have none: their figure is the accuracy.
std::span<const TallyEntry> tallies();

std::unique_ptr<Tally> make_mmlu_pro_tally();

}  // namespace ipw::evaluation
