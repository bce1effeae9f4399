// SPDX-License-Identifier: Apache-2.0
// Answers that somebody else's program has collected, judged by a benchmark's own rule.
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ipw/evaluation/tallies.h"
#include "ipw/execution/scoring.h"
#include "ipw/stats/stats.h"

namespace ipw::execution {

struct AnswersRequest {
  ProfileConfig config;  ///< dataset, its parameters, and the judge
  std::filesystem::path
      answers;         ///< a JSON object a line: `id`, the dataset's own question id, and `response`
  std::string scorer;  ///< empty: that of each question
};

struct SubjectCount {
  std::size_t answers = 0, correct = 0;
};

struct AnswersOutcome {
  std::string dataset;
  ScoreCounts counts;
  std::size_t questions = 0, unknown_ids = 0, missing = 0;  ///< missing: questions without an answer
  std::optional<double> accuracy;              ///< of the answers that were scored; an unparsed one is wrong
  std::optional<stats::Interval> interval;     ///< Wilson, 95 %
  std::map<std::string, std::size_t> classes;  ///< parsed, unparsed, empty, truncated
  std::map<std::string, std::size_t> reasons;  ///< of the unscored
  std::map<std::string, SubjectCount> subjects;
  std::vector<evaluation::OfficialFigure> official;  ///< what the benchmark publishes besides
  std::string judge_json;                            ///< ScoringTools::account as text
};

/// Read and judge. Throws Error(Format) that names the line of the answers' file, also for an id that comes
/// twice.
AnswersOutcome score_answers(const AnswersRequest& request, const Surroundings& around, Observer& observer,
                             const std::stop_token& stop);

}  // namespace ipw::execution
