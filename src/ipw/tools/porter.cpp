// SPDX-License-Identifier: Apache-2.0
// Names of conditions are the paper's: m, *v*, *d, *o.
#include "ipw/tools/porter.h"

#include <algorithm>
#include <span>
#include <string_view>

namespace ipw::tools {
namespace {

constexpr std::size_t kShortest = 3, kLongest = 64;

struct Rule {
  std::string_view suffix, replacement;
};

constexpr Rule kStep1a[] = {{"sses", "ss"}, {"ies", "i"}, {"ss", "ss"}, {"s", ""}};
constexpr Rule kStep1b[] = {{"eed", "ee"}, {"ed", ""}, {"ing", ""}};
constexpr Rule kAfterStep1b[] = {{"at", "ate"}, {"bl", "ble"}, {"iz", "ize"}};
constexpr Rule kStep2[] = {{"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"},   {"anci", "ance"},
                           {"izer", "ize"},    {"abli", "able"},   {"alli", "al"},     {"entli", "ent"},
                           {"eli", "e"},       {"ousli", "ous"},   {"ization", "ize"}, {"ation", "ate"},
                           {"ator", "ate"},    {"alism", "al"},    {"iveness", "ive"}, {"fulness", "ful"},
                           {"ousness", "ous"}, {"aliti", "al"},    {"iviti", "ive"},   {"biliti", "ble"}};
constexpr Rule kStep3[] = {{"icate", "ic"}, {"ative", ""}, {"alize", "al"}, {"iciti", "ic"},
                           {"ical", "ic"},  {"ful", ""},   {"ness", ""}};
constexpr Rule kStep4[] = {{"al", ""},   {"ance", ""}, {"ence", ""}, {"er", ""},    {"ic", ""},
                           {"able", ""}, {"ible", ""}, {"ant", ""},  {"ement", ""}, {"ment", ""},
                           {"ent", ""},  {"ion", ""},  {"ou", ""},   {"ism", ""},   {"ate", ""},
                           {"iti", ""},  {"ous", ""},  {"ive", ""},  {"ize", ""}};

/// A y is a vowel after a consonant.
bool is_vowel(std::string_view word, std::size_t at) {
  if (std::string_view("aeiou").find(word[at]) != std::string_view::npos) return true;
  return word[at] == 'y' && at > 0 && !is_vowel(word, at - 1);
}

/// m: how often a vowel is followed by a consonant.
int measure(std::string_view stem) {
  int m = 0;
  bool after_vowel = false;
  for (std::size_t i = 0; i < stem.size(); ++i) {
    const bool vowel = is_vowel(stem, i);
    m += after_vowel && !vowel ? 1 : 0;
    after_vowel = vowel;
  }
  return m;
}

/// *v*
bool has_vowel(std::string_view stem) {
  for (std::size_t i = 0; i < stem.size(); ++i)
    if (is_vowel(stem, i)) return true;
  return false;
}

/// *d: ends in the same consonant twice.
bool ends_double(std::string_view stem) {
  const auto n = stem.size();
  return n >= 2 && stem[n - 1] == stem[n - 2] && !is_vowel(stem, n - 1);
}

/// *o: ends in consonant, vowel, consonant, the last not w, x or y.
bool ends_short(std::string_view stem) {
  const auto n = stem.size();
  return n >= 3 && !is_vowel(stem, n - 3) && is_vowel(stem, n - 2) && !is_vowel(stem, n - 1) &&
         std::string_view("wxy").find(stem[n - 1]) == std::string_view::npos;
}

/// The rule of a step with the longest suffix of this word, or null.
const Rule* match(std::span<const Rule> rules, std::string_view word) {
  const Rule* best = nullptr;
  for (const auto& rule : rules)
    if (word.ends_with(rule.suffix) && (!best || rule.suffix.size() > best->suffix.size())) best = &rule;
  return best;
}

std::string_view stem_of(std::string_view word, const Rule& rule) {
  return word.substr(0, word.size() - rule.suffix.size());
}

void apply(std::string& word, const Rule& rule) {
  word.replace(word.size() - rule.suffix.size(), rule.suffix.size(), rule.replacement);
}

void step_1a(std::string& word) {
  if (const auto* rule = match(kStep1a, word)) apply(word, *rule);
}

void step_1b(std::string& word) {
  const auto* rule = match(kStep1b, word);
  if (!rule) return;
  const auto stem = stem_of(word, *rule);
  if (!rule->replacement.empty()) {
    if (measure(stem) > 0) apply(word, *rule);
    return;
  }
  if (!has_vowel(stem)) return;
  apply(word, *rule);
  if (const auto* mended = match(kAfterStep1b, word))
    apply(word, *mended);
  else if (ends_double(word) && std::string_view("lsz").find(word.back()) == std::string_view::npos)
    word.pop_back();
  else if (measure(word) == 1 && ends_short(word))
    word += 'e';
}

void step_1c(std::string& word) {
  if (word.ends_with('y') && has_vowel(std::string_view(word).substr(0, word.size() - 1))) word.back() = 'i';
}

void step_2_or_3(std::string& word, std::span<const Rule> rules) {
  const auto* rule = match(rules, word);
  if (rule && measure(stem_of(word, *rule)) > 0) apply(word, *rule);
}

void step_4(std::string& word) {
  const auto* rule = match(kStep4, word);
  if (!rule) return;
  const auto stem = stem_of(word, *rule);
  if (rule->suffix == "ion" && !stem.ends_with('s') && !stem.ends_with('t')) return;
  if (measure(stem) > 1) apply(word, *rule);
}

void step_5(std::string& word) {
  if (word.ends_with('e')) {
    const auto stem = std::string_view(word).substr(0, word.size() - 1);
    const int m = measure(stem);
    if (m > 1 || (m == 1 && !ends_short(stem))) word.pop_back();
  }
  if (word.ends_with("ll") && measure(word) > 1) word.pop_back();
}

}  // namespace

void porter_stem(std::string& word) {
  if (word.size() < kShortest || word.size() > kLongest) return;
  if (!std::ranges::all_of(word, [](char c) { return c >= 'a' && c <= 'z'; })) return;
  step_1a(word);
  step_1b(word);
  step_1c(word);
  step_2_or_3(word, kStep2);
  step_2_or_3(word, kStep3);
  step_4(word);
  step_5(word);
}

}  // namespace ipw::tools
