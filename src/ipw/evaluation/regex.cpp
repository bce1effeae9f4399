// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <re2/re2.h>

#include "ipw/base/text.h"
#include "ipw/evaluation/answer_text.h"
#include "ipw/evaluation/rules.h"
#include "ipw/evaluation/task_metadata.h"
#include "ipw/evaluation/verdicts.h"

namespace ipw::evaluation {
namespace {

re2::RE2::Options quiet() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);  // a pattern is data of a question: bounded, refused beyond it
  return options;
}

class Regex final : public Scorer {
 public:
  Verdict score(const Task& task, std::string_view response) const override {
    const auto metadata = read_task_metadata(task.metadata);
    if (!metadata.problem.empty()) return unscored(metadata.problem);
    if (!metadata.pattern) return unscored("the question has no metadata.pattern");
    const re2::RE2 pattern(*metadata.pattern, quiet());
    if (!pattern.ok()) return unscored(fmt::format("bad metadata.pattern: {}", pattern.error()));
    const auto text = final_text(response);
    if (text.empty()) return no_answer(task, text, "answer");
    const bool match = re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), pattern);
    return decided(task, match, std::string(text));
  }
};

}  // namespace

std::unique_ptr<Scorer> make_regex() {
  return std::make_unique<Regex>();
}

}  // namespace ipw::evaluation
