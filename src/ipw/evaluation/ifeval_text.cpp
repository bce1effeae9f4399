// SPDX-License-Identifier: Apache-2.0
// Language, sentences and words for IFEval. The references are trained models (langdetect; NLTK's punkt):
// these agree with them on ordinary text, see docs/reference/scorers.md.
#include <cstdio>  // which the next header needs and does not include

#include <cld2/public/compact_lang_det.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "ipw/base/text.h"
#include "ipw/evaluation/ifeval_checks.h"
#include "ipw/evaluation/python_text.h"

namespace ipw::evaluation::ifeval {
namespace {

/// Words after which a full stop ends no sentence.
constexpr std::array<std::string_view, 45> kAbbreviations = {
    "a.m",  "adm", "apr", "aug", "ave",    "bros", "capt", "co",  "col", "corp", "dec", "dept",
    "dr",   "e.g", "etc", "feb", "gen",    "gov",  "hon",  "i.e", "inc", "jan",  "jr",  "jul",
    "lt",   "ltd", "maj", "mar", "messrs", "mr",   "mrs",  "ms",  "mt",  "nov",  "oct", "p.m",
    "prof", "rep", "rev", "sen", "sep",    "sept", "sgt",  "st",  "vs"};
static_assert(std::ranges::is_sorted(kAbbreviations));

std::string_view trailing_marks_off(std::string_view word) {
  while (!word.empty() && std::string_view("\"')]}").find(word.back()) != std::string_view::npos)
    word.remove_suffix(1);
  return word;
}

bool is_abbreviation(std::string_view word) {
  auto stem = to_lower_ascii(word.substr(0, word.size() - 1));
  while (!stem.empty() && std::string_view("\"'([{").find(stem[0]) != std::string_view::npos)
    stem.erase(0, 1);
  if (std::ranges::binary_search(kAbbreviations, std::string_view(stem))) return true;
  return stem.size() == 1 && stem[0] >= 'a' && stem[0] <= 'z';  // an initial
}

bool begins_small(std::string_view word) {
  return !word.empty() && word[0] >= 'a' && word[0] <= 'z';
}

}  // namespace

std::string language_of(std::string_view text) {
  static const re2::RE2 kLetter(R"(\pL)");
  if (!re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), kLetter)) return {};
  const auto valid = to_valid_utf8(text);
  bool reliable = false;
  const auto language = CLD2::DetectLanguage(
      valid.data(), static_cast<int>(std::min<std::size_t>(valid.size(), 1 << 20)), true, &reliable);
  const std::string code = to_lower_ascii(CLD2::LanguageCode(language));
  if (code == "zh") return "zh-cn";
  if (code == "zh-hant") return "zh-tw";
  return code == "iw" ? "he" : code;
}

std::size_t count_sentences(std::string_view text) {
  const auto words = python::split(text);
  std::size_t count = words.empty() ? 0 : 1;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const auto word = trailing_marks_off(words[i]);
    if (word.empty()) continue;
    const bool asks = word.back() == '?' || word.back() == '!';
    const bool stops = word.back() == '.' && !begins_small(words[i + 1]) && !is_abbreviation(word);
    count += asks || stops ? 1 : 0;
  }
  return count;
}

std::vector<std::string> word_tokens(std::string_view text) {
  // Signs that always stand alone, and the endings that English writes with an apostrophe.
  static const re2::RE2 kSigns(R"(([,;@#$%&?!"()\[\]{}<>`]|--|\.\.\.|:))"),
      kEndings(R"((?i)(n't|'s|'re|'ve|'ll|'d|'m)\b)"), kLastStop(R"((\S)\.(["')\]}>]*)\s*$)");
  std::string spaced(text);
  re2::RE2::GlobalReplace(&spaced, kSigns, " \\1 ");
  re2::RE2::GlobalReplace(&spaced, kEndings, " \\1");
  re2::RE2::Replace(&spaced, kLastStop, "\\1 . \\2");
  std::vector<std::string> out;
  for (const auto word : python::split(spaced)) out.emplace_back(word);
  return out;
}

}  // namespace ipw::evaluation::ifeval
