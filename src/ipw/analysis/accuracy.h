// SPDX-License-Identifier: Apache-2.0
// How many answers are right: in total and by subject.
#pragma once
#include "ipw/analysis/estimate.h"

namespace ipw::analysis {

struct Counts {
  std::size_t correct = 0, wrong = 0, failed = 0, unscored = 0;
  /// The denominator: what was asked and could be judged; a query that failed was not answered rightly.
  std::size_t n() const { return correct + wrong + failed; }
  void add(Outcome outcome);
};

struct SubjectAccuracy {
  std::string subject;
  Counts counts;
};

struct Accuracy {
  Counts counts;
  Figure total;
  std::vector<SubjectAccuracy> subjects;  ///< sorted by name
};

/// Pure function of the collected numbers.
Accuracy accuracy_of(const RunData& run, const Precision& precision);
Result accuracy_result(const RunData& run, const Precision& precision);
/// Tables and counts alone, for reports that hold several analyses.
std::vector<Table> accuracy_tables(const RunData& run, const Accuracy& accuracy);
/// What the reader should know of the outcomes.
std::vector<std::string> accuracy_warnings(const RunData& run, const Counts& counts);

std::unique_ptr<Analysis> make_accuracy();

}  // namespace ipw::analysis
