// SPDX-License-Identifier: Apache-2.0
// GPQA's extraction as simple-evals has it (github.com/openai/simple-evals, ANSWER_PATTERN_MULTICHOICE).
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "ipw/base/text.h"
#include "ipw/evaluation/answer_text.h"
#include "ipw/evaluation/rules.h"
#include "ipw/evaluation/verdicts.h"

namespace ipw::evaluation {
namespace {

constexpr std::string_view kLetters = "ABCD";

/// The reference as a letter: the letter itself, or the letter of the option with this text.
std::string gold_letter(const Task& task) {
  const auto answer = trim(task.answer);
  if (answer.size() == 1 && kLetters.find(answer) != kLetters.npos) return std::string(answer);
  const auto it = std::ranges::find_if(task.choices, [&](const auto& c) { return trim(c) == answer; });
  const auto at = static_cast<std::size_t>(it - task.choices.begin());
  return at < task.choices.size() && at < kLetters.size() ? std::string(1, kLetters[at]) : "";
}

class Gpqa final : public Scorer {
 public:
  Verdict score(const Task& task, std::string_view response) const override {
    static const re2::RE2 kAnswer(R"((?i)Answer[ \t]*:[ \t]*\$?([A-D])\$?)");
    const auto gold = gold_letter(task);
    if (gold.empty())
      return unscored(
          fmt::format("the reference '{}' is neither A, B, C, D nor one of four options", task.answer));
    const auto text = final_text(response);
    std::string letter;
    if (!re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), kAnswer, &letter))
      return no_answer(task, text, "option");
    return decided(task, letter == gold, letter);
  }
};

}  // namespace

std::unique_ptr<Scorer> make_gpqa() {
  return std::make_unique<Gpqa>();
}

}  // namespace ipw::evaluation
