// SPDX-License-Identifier: Apache-2.0
// The three patterns of MMLU-Pro (mmlu_pro.cpp) for questions with any number of options: a letter beyond
// them does not count.
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "ipw/base/text.h"
#include "ipw/evaluation/answer_text.h"
#include "ipw/evaluation/options.h"
#include "ipw/evaluation/rules.h"
#include "ipw/evaluation/verdicts.h"

namespace ipw::evaluation {
namespace {

constexpr std::size_t kMaxOptions = 10;

std::size_t option_count(const Task& task) {
  return task.choices.empty() ? kMaxOptions : std::min(task.choices.size(), kMaxOptions);
}

/// The three patterns for A to J; a letter beyond the question's options does not match.
struct Patterns {
  explicit Patterns(char last)
      : phrase(fmt::format(R"(answer is \(?([A-{}])\)?)", last)),
        label(fmt::format(R"(.*[aA]nswer:\s*([A-{}]))", last)),
        lone(fmt::format(R"(\b([A-{}])\b)", last)) {}
  re2::RE2 phrase, label, lone;
};

const Patterns& patterns(std::size_t options) {
  static const Patterns kPatterns[kMaxOptions] = {Patterns('A'), Patterns('B'), Patterns('C'), Patterns('D'),
                                                  Patterns('E'), Patterns('F'), Patterns('G'), Patterns('H'),
                                                  Patterns('I'), Patterns('J')};
  return kPatterns[options - 1];
}

std::string extract(const Patterns& patterns, std::string_view text) {
  const auto plain = replace_all(std::string(text), "**", "");
  std::string letter;
  if (re2::RE2::PartialMatch(plain, patterns.phrase, &letter)) return letter;
  if (re2::RE2::PartialMatch(plain, patterns.label, &letter)) return letter;
  re2::StringPiece rest(plain);
  while (re2::RE2::FindAndConsume(&rest, patterns.lone, &letter)) continue;
  return letter;
}

/// The reference as a letter, in any case and with marks around it, or the letter of the option with this
/// text.
char gold_letter(const Task& task) {
  Task plain = task;
  const auto answer = strip_outer(task.answer);
  const char capital = answer.size() == 1 && answer[0] >= 'a' && answer[0] <= 'z'
                           ? static_cast<char>(answer[0] - 'a' + 'A')
                           : '\0';
  if (answer.size() == 1) plain.answer = capital == '\0' ? answer : std::string_view(&capital, 1);
  const char letter = reference_letter(plain, option_count(task));
  return letter != '\0' ? letter : reference_letter(task, option_count(task));
}

class MultipleChoice final : public Scorer {
 public:
  Verdict score(const Task& task, std::string_view response) const override {
    const char gold = gold_letter(task);
    if (gold == '\0')
      return unscored(fmt::format("the reference '{}' is no option of the question", task.answer));
    const auto text = final_text(response);
    const auto letter = extract(patterns(option_count(task)), text);
    if (letter.empty()) return no_answer(task, text, "option");
    return decided(task, letter[0] == gold, letter);
  }
};

}  // namespace

std::unique_ptr<Scorer> make_multiple_choice() {
  return std::make_unique<MultipleChoice>();
}

}  // namespace ipw::evaluation
