// SPDX-License-Identifier: Apache-2.0
// The 25 instructions of IFEval and how each is checked, as instructions.py of google-research and of
// lm-evaluation-harness has them.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "ipw/base/json.h"

namespace ipw::evaluation::ifeval {

/// The arguments of an instruction as published, without those that are null, empty or 0.
class Arguments {
 public:
  explicit Arguments(const Json& json) : json_(json) {}
  /// These throw std::invalid_argument that names a missing argument.
  std::string text(const char* key) const;
  long number(const char* key) const;
  std::vector<std::string> texts(const char* key) const;
  /// Whether a count stands in the relation "less than" or "at least" to the number of `key`.
  bool holds(std::size_t count, const char* key, const char* relation = "relation") const;

 private:
  const Json& at(const char* key) const;
  const Json& json_;
};

struct Instruction {
  std::string_view id;
  bool (*followed)(const std::string& response, const Arguments& arguments);
};

/// Sorted by id.
std::span<const Instruction> instructions();

/// The ISO 639-1 code of a text's language as langdetect names it ("zh-cn"), empty where it has none.
std::string language_of(std::string_view text);
/// The number of sentences: ends are ".", "!" and "?" with white space behind, but for abbreviations.
std::size_t count_sentences(std::string_view text);
/// Words and signs as NLTK's word_tokenize parts them, as far as it matters to whether a word is in capitals.
std::vector<std::string> word_tokens(std::string_view text);

}  // namespace ipw::evaluation::ifeval
