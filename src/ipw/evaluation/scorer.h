// SPDX-License-Identifier: Apache-2.0
// Whether an answer is right, by the benchmark's own rule.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/base/registry.h"

namespace ipw::evaluation {

struct Verdict {
  std::optional<bool> correct;  ///< absent: unscored, see reason
  std::string extracted;        ///< what was taken for the answer
  std::string reason;           ///< why unscored, or a remark ("no option found: official rule guesses")
  std::string metadata;         ///< JSON object text, may be empty
  std::optional<double> score;  ///< 0 to 1 where the rule is graded, beside `correct`
};

/// A file that an agent leaves.
struct Deliverable {
  std::string name;    ///< path below the workspace
  std::string text;    ///< what can be read of it, UTF-8
  std::string unread;  ///< why it has no text; empty where it has
};

/// What a scorer sees of a question.
struct Task {
  std::string_view problem, answer, metadata, finish_reason;
  std::span<const std::string> choices;
  std::string_view question;  ///< without the prompt's decoration; empty where it equals `problem`
  std::span<const Deliverable> deliverables;  ///< for rules that read them
};

/// Judge a response. Thread-safe, pure, linear in the length of the response.
class Scorer {
 public:
  virtual ~Scorer() = default;
  virtual Verdict score(const Task& task, std::string_view response) const = 0;
};

using ScorerEntry = Entry<Scorer>;
/// The registry: scorers.cpp.
std::span<const ScorerEntry> scorers();

}  // namespace ipw::evaluation
