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

void MmluProTally::add(std::string_view response, char gold) {
  const std::string text(response);
  const auto letter = extract(text);
  entries_.push_back({!by_phrase(text).empty(), letter.empty() ? '\0' : letter[0], gold});
}

std::optional<MmluProTally::Result> MmluProTally::result() const {
  if (entries_.empty()) return std::nullopt;
  PythonRandom random(kSeed);
  for (const auto& e : entries_)
    if (!e.has_phrase) random.below(kLetters);
  Result out;
  std::size_t correct = 0;
  for (const auto& e : entries_) {
    const bool guessed = e.letter == '\0';
    const char letter = guessed ? static_cast<char>('A' + random.below(kLetters)) : e.letter;
    correct += letter == e.gold ? 1 : 0;
    out.guessed += guessed ? 1 : 0;
    out.guessed_right += guessed && letter == e.gold ? 1 : 0;
  }
  out.accuracy = static_cast<double>(correct) / static_cast<double>(entries_.size());
  return out;
}

std::unique_ptr<Scorer> make_mmlu_pro() {
  return std::make_unique<MmluPro>();
}

}  // namespace ipw::evaluation
