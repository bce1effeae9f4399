// SPDX-License-Identifier: Apache-2.0
// GPQA's extraction as simple-evals has it (github.com/openai/simple-evals, ANSWER_PATTERN_MULTICHOICE).
#include <fmt/format.h>
#include <re2/re2.h>

#include "ipw/evaluation/answer_text.h"
#include "ipw/evaluation/options.h"
#include "ipw/evaluation/rules.h"
#include "ipw/evaluation/verdicts.h"

namespace ipw::evaluation {
namespace {

constexpr std::size_t kOptions = 4;

class Gpqa final : public Scorer {
 public:
  Verdict score(const Task& task, std::string_view response) const override {
    static const re2::RE2 kAnswer(R"((?i)Answer[ \t]*:[ \t]*\$?([A-D])\$?)");
    const char gold = reference_letter(task, kOptions);
    if (gold == '\0')
      return unscored(
          fmt::format("the reference '{}' is neither A, B, C, D nor one of four options", task.answer));
    const auto text = final_text(response);
    std::string letter;
    if (!re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), kAnswer, &letter))
      return no_answer(task, text, "option");
    return decided(task, letter[0] == gold, letter);
  }
};

}  // namespace

std::unique_ptr<Scorer> make_gpqa() {
  return std::make_unique<Gpqa>();
}

}  // namespace ipw::evaluation
