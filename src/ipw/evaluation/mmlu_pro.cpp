// SPDX-License-Identifier: Apache-2.0
// MMLU-Pro's extraction as compute_accuracy.py and evaluate_from_api.py have it
// (github.com/TIGER-AI-Lab/MMLU-Pro): three patterns one after another, letters A to J however many options
// the question has.
#include "ipw/evaluation/mmlu_pro.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "ipw/base/python_random.h"
#include "ipw/base/text.h"
#include "ipw/evaluation/answer_text.h"
#include "ipw/evaluation/options.h"
#include "ipw/evaluation/rules.h"
#include "ipw/evaluation/verdicts.h"

namespace ipw::evaluation {
namespace {

constexpr std::uint32_t kSeed = 12345, kLetters = 10;

bool is_letter(char c) {
  return c >= 'A' && c < static_cast<char>('A' + kLetters);
}

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}
std::string_view character_before(std::string_view text, std::size_t at) {
  auto from = at;
  while (from > 0 && at - from < 4 && (from == at || continues(text[from]))) --from;
  return text.substr(from, at - from);
}
std::string_view character_at(std::string_view text, std::size_t at) {
  auto to = at;
  while (to < text.size() && to - at < 4 && (to == at || continues(text[to]))) ++to;
  return text.substr(at, to - at);
}

/// As Python's \w: letters and digits of any script, and the underscore.
bool in_word(std::string_view character) {
  static const re2::RE2 kWord(R"([\pL\pN_])");
  return re2::RE2::FullMatch(re2::StringPiece(character.data(), character.size()), kWord);
}

/// The last letter with no character of a word beside it.
std::string last_lone_letter(std::string_view text) {
  for (auto i = text.size(); i-- > 0;)
    if (is_letter(text[i]) && !in_word(character_before(text, i)) && !in_word(character_at(text, i + 1)))
      return std::string(1, text[i]);
  return {};
}

std::string by_phrase(const std::string& text) {
  static const re2::RE2 kPhrase(R"(answer is \(?([A-J])\)?)");
  std::string letter;
  re2::RE2::PartialMatch(text, kPhrase, &letter);
  return letter;
}

std::string extract(const std::string& text) {
  static const re2::RE2 kLabel(R"(.*[aA]nswer:[\s\v\p{Z}]*([A-J]))");
  if (auto letter = by_phrase(text); !letter.empty()) return letter;
  std::string letter;
  return re2::RE2::PartialMatch(text, kLabel, &letter) ? letter : last_lone_letter(text);
}

class MmluPro final : public Scorer {
 public:
  Verdict score(const Task& task, std::string_view response) const override {
    const char gold = reference_letter(task, kLetters);
    if (gold == '\0')
      return unscored(fmt::format("the reference '{}' is no option of the question", task.answer));
    const auto text = final_text(response);
    const auto letter = extract(replace_all(std::string(text), "**", ""));
    if (letter.empty()) return no_answer(task, text, "option");
    return decided(task, letter[0] == gold, letter);
  }
};

}  // namespace

void MmluProTally::add(const Judged& answer) {
  const std::string text(answer.response);
  const auto letter = extract(text);
  entries_.push_back({!by_phrase(text).empty(), letter.empty() ? '\0' : letter[0],
                      answer.reference.empty() ? '\0' : answer.reference.front()});
}

std::vector<OfficialFigure> MmluProTally::figures() const {
  if (entries_.empty()) return {};
  PythonRandom random(kSeed);
  for (const auto& e : entries_)
    if (!e.has_phrase) random.below(kLetters);
  std::size_t correct = 0, guessed = 0, guessed_right = 0;
  for (const auto& e : entries_) {
    const bool guess = e.letter == '\0';
    const char letter = guess ? static_cast<char>('A' + random.below(kLetters)) : e.letter;
    correct += letter == e.gold ? 1 : 0;
    guessed += guess ? 1 : 0;
    guessed_right += guess && letter == e.gold ? 1 : 0;
  }
  return {{"accuracy_official", "official accuracy, guesses included",
           static_cast<double>(correct) / static_cast<double>(entries_.size())},
          {"official_guesses", "answers without a letter, guessed", static_cast<double>(guessed), true},
          {"official_guesses_right", "guessed rightly", static_cast<double>(guessed_right), true}};
}

std::unique_ptr<Tally> make_mmlu_pro_tally() {
  return std::make_unique<MmluProTally>();
}

std::unique_ptr<Scorer> make_mmlu_pro() {
  return std::make_unique<MmluPro>();
}

}  // namespace ipw::evaluation
