// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/words.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <utility>

#include "ipw/tools/porter.h"

namespace ipw::tools {
namespace {

/// What is so frequent in questions and texts that it tells no two texts apart; "s" and "t" are what an
/// apostrophe leaves.
constexpr auto kStopWords = std::to_array<std::string_view>(
    {"a",     "about", "an",    "and",   "are",  "as",    "at",   "be",   "been",  "but",  "by",    "did",
     "do",    "does",  "for",   "from",  "had",  "has",   "have", "he",   "her",   "his",  "how",   "i",
     "if",    "in",    "into",  "is",    "it",   "its",   "me",   "my",   "of",    "on",   "or",    "our",
     "s",     "she",   "so",    "such",  "t",    "than",  "that", "the",  "their", "them", "then",  "there",
     "these", "they",  "this",  "those", "to",   "was",   "we",   "were", "what",  "when", "where", "which",
     "who",   "whom",  "whose", "why",   "with", "would", "you",  "your"});
static_assert(std::ranges::is_sorted(kStopWords));

/// Lower case of an ASCII word character, 0 for other bytes.
constexpr std::array<char, 128> kAsciiWord = [] {
  std::array<char, 128> table{};
  for (std::size_t c = 0; c < table.size(); ++c) {
    const bool upper = c >= 'A' && c <= 'Z', lower = c >= 'a' && c <= 'z', digit = c >= '0' && c <= '9';
    if (upper || lower || digit || c == '_') table[c] = static_cast<char>(upper ? c - 'A' + 'a' : c);
  }
  return table;
}();

struct Character {
  std::size_t bytes = 1;
  utf8proc_int32_t code = -1;  ///< -1 for a byte that is no UTF-8
};

Character first_character(std::string_view text) {
  Character out;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto length = utf8proc_iterate(
      bytes, static_cast<utf8proc_ssize_t>(std::min<std::size_t>(text.size(), 4)), &out.code);
  if (length > 0) out.bytes = static_cast<std::size_t>(length);
  return out;
}

bool is_word_code(utf8proc_int32_t code) {
  if (code < 0) return false;
  const auto category = utf8proc_category(code);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;  // letters, marks, numbers
}

/// Hiragana, Katakana and the blocks of Han ideographs.
bool is_word_alone(utf8proc_int32_t code) {
  return (code >= 0x3040 && code <= 0x30FF) || (code >= 0x3400 && code <= 0x4DBF) ||
         (code >= 0x4E00 && code <= 0x9FFF) || (code >= 0xF900 && code <= 0xFAFF) ||
         (code >= 0x20000 && code <= 0x3FFFF);
}

void append_lower(std::string& word, utf8proc_int32_t code) {
  utf8proc_uint8_t bytes[4];
  const auto count = utf8proc_encode_char(utf8proc_tolower(code), bytes);
  word.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
}

/// Normal form C, so that an accent typed apart is the accent typed together.
void compose(std::string& word) {
  utf8proc_uint8_t* out = nullptr;
  const auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(word.data()),
                                   static_cast<utf8proc_ssize_t>(word.size()), &out,
                                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owned(out, &std::free);
  if (length > 0) word.assign(reinterpret_cast<const char*>(out), static_cast<std::size_t>(length));
}

}  // namespace

bool WordReader::next(std::string& word) {
  word.clear();
  bool ascii = true;
  while (!rest_.empty()) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    const auto character = byte < 0x80 ? Character{1, byte} : first_character(rest_);
    const bool in_word = byte < 0x80 ? kAsciiWord[byte] != 0 : is_word_code(character.code);
    const bool alone = in_word && is_word_alone(character.code);
    if ((!in_word || alone) && !word.empty()) break;
    rest_.remove_prefix(character.bytes);
    if (!in_word) continue;
    if (byte < 0x80)
      word += kAsciiWord[byte];
    else
      append_lower(word, character.code), ascii = false;
    if (alone) break;
  }
  if (!ascii) compose(word);
  return !word.empty();
}

bool is_stop_word(std::string_view word) {
  return std::ranges::binary_search(kStopWords, word);
}

std::vector<std::string> query_terms(std::string_view query) {
  std::vector<std::string> words;
  WordReader reader(query);
  for (std::string word; reader.next(word);) words.push_back(word);
  if (!std::ranges::all_of(words, is_stop_word)) std::erase_if(words, is_stop_word);
  std::ranges::for_each(words, porter_stem);
  std::ranges::sort(words);
  return words;
}

}  // namespace ipw::tools
