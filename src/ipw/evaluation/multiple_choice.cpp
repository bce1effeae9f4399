// SPDX-License-Identifier: Apache-2.0
// MMLU-Pro's extraction (github.com/TIGER-AI-Lab/MMLU-Pro, evaluate_from_local): three patterns, one after
// another. The official rule then guesses at random, in one stream over all questions; a pure scorer cannot
// repeat that stream, so an answer without a letter is wrong here and the guess of this question is told in
// the metadata.
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <cstdint>

#include "ipw/base/text.h"
#include "ipw/evaluation/answer_text.h"
#include "ipw/evaluation/rules.h"
#include "ipw/evaluation/verdicts.h"

namespace ipw::evaluation {
namespace {

constexpr std::size_t kMaxOptions = 10;
constexpr std::uint64_t kOfficialSeed = 12345;

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

/// The reference as a letter: the letter itself, or the letter of the option with this text.
std::string gold_letter(const Task& task) {
  const auto answer = strip_outer(task.answer);
  if (answer.size() == 1) {
    const char letter = static_cast<char>(answer[0] >= 'a' ? answer[0] - 'a' + 'A' : answer[0]);
    if (letter >= 'A' && letter < static_cast<char>('A' + option_count(task))) return std::string(1, letter);
  }
  const auto it =
      std::ranges::find_if(task.choices, [&](const auto& c) { return trim(c) == trim(task.answer); });
  const auto at = static_cast<std::size_t>(it - task.choices.begin());
  return at < option_count(task) && it != task.choices.end() ? std::string(1, static_cast<char>('A' + at))
                                                             : "";
}

/// One draw from the question's text, FNV-1a mixed by splitmix64: equally likely letters, no order of
/// questions.
char guess(const Task& task) {
  std::uint64_t h = 14695981039346656037U ^ kOfficialSeed;
  for (const char c : task.problem) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211U;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9U;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebU;
  return static_cast<char>('A' + (h ^ (h >> 31)) % option_count(task));
}

Verdict no_letter(const Task& task, std::string_view text, const std::string& gold) {
  auto verdict = no_answer(task, text, "option");
  const char letter = guess(task);
  verdict.reason += "; the official rule guesses";
  verdict.metadata = fmt::format(R"({{"class":"{}","official_guess":"{}","official_correct":{}}})",
                                 no_answer_class(task, text), letter, gold[0] == letter);
  return verdict;
}

class MultipleChoice final : public Scorer {
 public:
  Verdict score(const Task& task, std::string_view response) const override {
    const auto gold = gold_letter(task);
    if (gold.empty())
      return unscored(fmt::format("the reference '{}' is no option of the question", task.answer));
    const auto text = final_text(response);
    const auto letter = extract(patterns(option_count(task)), text);
    if (letter.empty()) return no_letter(task, text, gold);
    return decided(task, letter == gold, letter);
  }
};

}  // namespace

std::unique_ptr<Scorer> make_multiple_choice() {
  return std::make_unique<MultipleChoice>();
}

}  // namespace ipw::evaluation
