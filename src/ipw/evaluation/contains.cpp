// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ipw/base/text.h"
#include "ipw/evaluation/answer_text.h"
#include "ipw/evaluation/rules.h"
#include "ipw/evaluation/task_metadata.h"
#include "ipw/evaluation/verdicts.h"

namespace ipw::evaluation {
namespace {

using Words = std::vector<std::string>;

/// A negation, or "than": in "larger than 5" and "Paris rather than Rome" the answer is what stands before.
bool discounts_next(std::string_view word) {
  static constexpr std::array<std::string_view, 6> kWords = {"not", "never", "neither", "nor", "no", "than"};
  return std::ranges::find(kWords, word) != kWords.end() || word.ends_with("n't");
}

/// Whether the words stand in the text one after another, at least once not right after a discounting word.
bool names(const Words& text, const Words& sought) {
  if (sought.empty()) return false;
  auto from = text.begin();
  while (true) {
    const auto at = std::search(from, text.end(), sought.begin(), sought.end());
    if (at == text.end()) return false;
    if (at == text.begin() || !discounts_next(*std::prev(at))) return true;
    from = std::next(at);
  }
}

const std::string* first_named(const Words& text, const std::vector<std::string>& candidates) {
  const auto it = std::ranges::find_if(candidates, [&](const auto& c) { return names(text, words(c)); });
  return it == candidates.end() ? nullptr : &*it;
}

class Contains final : public Scorer {
 public:
  Verdict score(const Task& task, std::string_view response) const override {
    auto metadata = read_task_metadata(task.metadata);
    if (!metadata.problem.empty()) return unscored(metadata.problem);
    if (words(task.answer).empty()) return unscored("the question has no reference answer made of words");
    metadata.aliases.insert(metadata.aliases.begin(), std::string(task.answer));
    const auto response_words = words(final_text(response));
    const auto* gold = first_named(response_words, metadata.aliases);
    const auto* rival = first_named(response_words, metadata.rivals);
    if (gold && rival)
      return decided(task, false, *rival, fmt::format("both '{}' and '{}' are named", *gold, *rival));
    if (rival) return decided(task, false, *rival);
    if (gold) return decided(task, true, *gold);
    return no_answer(task, final_text(response), "known candidate");
  }
};

}  // namespace

std::unique_ptr<Scorer> make_contains() {
  return std::make_unique<Contains>();
}

}  // namespace ipw::evaluation
