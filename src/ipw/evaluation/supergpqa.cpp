// SPDX-License-Identifier: Apache-2.0
// SuperGPQA's extraction (github.com/SuperGPQA/SuperGPQA, eval/eval.py, zero-shot): three patterns for a
// letter, then the same for the text of an option, each on the last line first.
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <memory>

#include "ipw/base/text.h"
#include "ipw/evaluation/answer_text.h"
#include "ipw/evaluation/rules.h"
#include "ipw/evaluation/verdicts.h"

namespace ipw::evaluation {
namespace {

constexpr std::string_view kLetters = "ABCDEFGHIJ";
// Python's classes of Unicode, and the marks that may stand around an answer.
constexpr std::string_view kWord = R"([\pL\pN_])", kSpace = R"([\s\v\x{1c}-\x{1f}\x{85}\p{Z}])";
constexpr std::string_view kBefore = R"((?:[*$\{(\[\\]*?(?:(?:\\boxed|\\mathbf|\\mathrm|\\text)\{)?)*)",
                           kAfter = R"((?:\\?\}?\$?\)?\]?\}?)*(?:[:.*)]|SPACE|$))";

using Patterns = std::array<std::unique_ptr<re2::RE2>, 3>;

/// `answer`: what is captured; `is`, `colon`: what leads to it.
Patterns patterns(std::string_view flags, std::string_view answer, std::string_view is,
                  std::string_view colon) {
  const auto with_classes = [](std::string text) {
    return replace_all(replace_all(std::move(text), "SPACE", kSpace), "WORD", kWord);
  };
  const auto tail = fmt::format("{}SPACE*({}){}", kBefore, answer, kAfter);
  const std::array lead = {
      fmt::format(R"([Tt]heSPACE+(?:WORD+SPACE+)?(?:answer|option)(?:WORD+SPACE+)?SPACE+{}:?SPACE*)", is),
      fmt::format(R"((?i:Answer){})", colon), std::string(R"(^[^\pL\pN_\r\n]*)")};
  re2::RE2::Options options;
  options.set_log_errors(false);
  Patterns out;
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = std::make_unique<re2::RE2>(with_classes(fmt::format("{}{}{}", flags, lead[i], tail)), options);
  return out;
}

std::string first_match(const Patterns& patterns, std::string_view text) {
  for (const auto part : {text.substr(text.rfind('\n') + 1), text})
    for (const auto& pattern : patterns) {
      std::string found;
      if (pattern->ok() &&
          re2::RE2::PartialMatch(re2::StringPiece(part.data(), part.size()), *pattern, &found))
        return found;
    }
  return {};
}

/// The letter of the option whose text is stated, or nothing.
std::string by_content(std::string_view text, std::span<const std::string> options) {
  std::vector<std::string> quoted;
  for (const auto& option : options) quoted.push_back(re2::RE2::QuoteMeta(option));
  if (quoted.empty()) return {};
  const auto found = first_match(patterns("", join(quoted, "|"), "is", "SPACE*"), text);
  const auto it = std::ranges::find(options, found);
  if (found.empty() || it == options.end()) return {};
  return std::string(1, static_cast<char>('A' + (it - options.begin())));
}

class SuperGpqa final : public Scorer {
 public:
  Verdict score(const Task& task, std::string_view response) const override {
    static const auto kLabels = patterns("(?i)", "[A-J]", "is?", R"((?:\*|SPACE)*:SPACE*)");
    const auto gold = trim(task.answer);
    if (gold.size() != 1 || kLetters.find(gold) == kLetters.npos)
      return unscored(fmt::format("the reference '{}' is no letter from A to J", task.answer));
    const auto text = final_text(response);
    auto letter = first_match(kLabels, text);
    if (letter.empty()) letter = by_content(text, task.choices);
    return letter.empty() ? no_answer(task, text, "option") : decided(task, letter == gold, letter);
  }
};

}  // namespace

std::unique_ptr<Scorer> make_supergpqa() {
  return std::make_unique<SuperGpqa>();
}

}  // namespace ipw::evaluation
