// SPDX-License-Identifier: Apache-2.0
// Score one answer in one line.
#pragma once
#include <ostream>
#include <string>
#include <vector>

#include "ipw/evaluation/scorer.h"

namespace ipw::evaluation {

struct Ask {
  std::string answer;
  std::string metadata = {};
  std::vector<std::string> choices = {};
  std::string finish_reason = "stop";
};

inline Verdict score(std::string_view scorer, const Ask& ask, std::string_view response) {
  const Task task{"A question?", ask.answer, ask.metadata, ask.finish_reason, ask.choices};
  return require<ScorerEntry>("scorer", scorers(), scorer).make()->score(task, response);
}

/// A row of a table: the reference, the response, and whether it is right.
struct Row {
  std::string answer, response;
  bool correct;
  friend void PrintTo(const Row& row, std::ostream* out) {
    *out << '"' << row.response << "\" for \"" << row.answer << '"';
  }
};

}  // namespace ipw::evaluation
