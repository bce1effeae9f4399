// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/text.h"
#include "ipw/evaluation/answer_text.h"
#include "ipw/evaluation/rules.h"
#include "ipw/evaluation/task_metadata.h"
#include "ipw/evaluation/verdicts.h"

namespace ipw::evaluation {
namespace {

/// Drop outer white space, then one pair of quotes or backquotes, then a final full stop.
std::string keep_case(std::string_view text) {
  text = trim(text);
  if (text.size() > 1 && text.ends_with('.') && !text.ends_with("..")) text.remove_suffix(1);
  const auto quoted = [&](char mark) {
    return text.size() > 1 && text.front() == mark && text.back() == mark;
  };
  if (quoted('"') || quoted('\'') || quoted('`')) text = text.substr(1, text.size() - 2);
  if (text.size() > 1 && text.ends_with('.') && !text.ends_with("..")) text.remove_suffix(1);
  return std::string(text);
}

class Exact final : public Scorer {
 public:
  explicit Exact(std::string (*form)(std::string_view)) : form_(form) {}

  Verdict score(const Task& task, std::string_view response) const override {
    if (trim(task.answer).empty()) return unscored("the question has no reference answer");
    const auto metadata = read_task_metadata(task.metadata);
    if (!metadata.problem.empty()) return unscored(metadata.problem);
    const auto text = final_text(response);
    if (text.empty()) return no_answer(task, text, "answer");
    const auto given = form_(text);
    bool equal = given == form_(task.answer);
    for (const auto& alias : metadata.aliases) equal = equal || given == form_(alias);
    return decided(task, equal, given);
  }

 private:
  std::string (*form_)(std::string_view);
};

}  // namespace

std::unique_ptr<Scorer> make_exact() {
  return std::make_unique<Exact>(&normalise);
}
std::unique_ptr<Scorer> make_exact_case() {
  return std::make_unique<Exact>(&keep_case);
}

}  // namespace ipw::evaluation
