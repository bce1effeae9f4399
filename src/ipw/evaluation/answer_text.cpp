// SPDX-License-Identifier: Apache-2.0
#include "ipw/evaluation/answer_text.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "ipw/base/text.h"

namespace ipw::evaluation {
namespace {

bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool is_article(std::string_view word) {
  return word == "a" || word == "an" || word == "the";
}

/// Typographic quotes, as they stand in UTF-8.
constexpr std::array<std::string_view, 6> kQuotes = {"\u2018", "\u2019", "\u201C",
                                                     "\u201D", "\u00AB", "\u00BB"};
constexpr std::string_view kOuter = " \t\r\n\v\f.,;:!?\"'`*_()[]{}";

bool strip_one(std::string_view& text) {
  if (text.empty()) return false;
  const auto size = text.size();
  if (kOuter.find(text.front()) != std::string_view::npos) text.remove_prefix(1);
  if (!text.empty() && kOuter.find(text.back()) != std::string_view::npos) text.remove_suffix(1);
  for (const auto quote : kQuotes) {
    if (text.starts_with(quote)) text.remove_prefix(quote.size());
    if (text.ends_with(quote)) text.remove_suffix(quote.size());
  }
  return text.size() != size;
}

std::string_view without_lead_in(std::string_view text) {
  static const re2::RE2 kLeadIn(
      R"((?i)^\s*[*_]*(?:the\s+)?(?:final\s+|correct\s+)?answer(?:\s+is)?\s*:?[*_]*\s+)");
  re2::StringPiece rest(text.data(), text.size());
  re2::RE2::Consume(&rest, kLeadIn);
  return {rest.data(), rest.size()};
}

}  // namespace

std::string_view without_reasoning(std::string_view response) {
  static constexpr std::string_view kOpen = "<think>", kClose = "</think>";
  if (const auto close = response.rfind(kClose); close != std::string_view::npos)
    response.remove_prefix(close + kClose.size());
  return response.substr(0, response.find(kOpen));
}

std::string_view final_text(std::string_view response) {
  return trim(without_reasoning(response));
}

std::string_view strip_outer(std::string_view text) {
  while (strip_one(text)) continue;
  return text;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  const auto finish = [&] {
    if (!word.empty() && !is_article(word)) out.push_back(word);
    word.clear();
  };
  const auto plain = replace_all(to_lower_ascii(text), "\u2019", "'");
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const bool inner =
        plain[i] == '\'' && !word.empty() && i + 1 < plain.size() && is_word_byte(plain[i + 1]);
    if (is_word_byte(plain[i]) || inner)
      word += plain[i];
    else
      finish();
  }
  finish();
  return out;
}

std::string normalise(std::string_view text) {
  const auto lower = to_lower_ascii(strip_outer(without_lead_in(text)));
  std::vector<std::string> kept;
  std::string spaced = lower;
  std::ranges::replace_if(
      spaced, [](char c) { return c >= '\t' && c <= '\r'; }, ' ');
  for (const auto part : split(spaced, ' '))
    if (!part.empty() && !is_article(part)) kept.emplace_back(part);
  if (!kept.empty()) return join(kept, " ");
  return lower.empty() ? std::string(trim(text)) : lower;
}

}  // namespace ipw::evaluation
