// SPDX-License-Identifier: Apache-2.0
// Runs that ask each question several times: what one, some and the most frequent of the answers are worth.
#pragma once
#include "ipw/analysis/analysis.h"
#include "ipw/analysis/run.h"

namespace ipw::analysis {

struct Samples {
  std::size_t questions = 0;      ///< with a scored sample
  Figure mean;                    ///< of the questions' mean scores
  std::vector<Figure> pass_at;    ///< of k = 1, 2, ...; unbiased (Chen et al. 2021)
  Figure majority;                ///< the most frequent extracted answer is right; the first of equals
  std::optional<double> between;  ///< variance of the questions' true means
  std::optional<double> within;   ///< variance of the samples of one question
  std::optional<double> variance_of_mean;  ///< (between + within / K) / questions
};

/// Absent where each question was asked once. Constant memory: the samples of a question follow each other.
std::optional<Samples> samples_of(const RunData& run);
/// Of pass@k the powers of two and the last.
Table samples_table(const Samples& samples);
Json samples_json(const Samples& samples);

}  // namespace ipw::analysis
