// SPDX-License-Identifier: Apache-2.0
// The words of a text as the index and its queries see them.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace ipw::tools {

/// Read the words of a text, one after another: runs of letters, marks, numbers and '_' in Unicode lower
/// case and normal form C. A Han or Kana character is a word of its own, since such texts have no spaces.
/// Bytes that are no UTF-8 separate words. The text must outlive the reader. One thread at a time.
class WordReader {
 public:
  explicit WordReader(std::string_view text) : rest_(text) {}
  /// Put the next word into `word`, or return false at the end.
  bool next(std::string& word);

 private:
  std::string_view rest_;
};

/// Whether a word in lower case says nothing of a subject: "the", "of", "what".
bool is_stop_word(std::string_view word);

/// The words of a query, stemmed and sorted. Stop words are left out when other words remain; a word that
/// is there twice counts twice.
std::vector<std::string> query_terms(std::string_view query);

}  // namespace ipw::tools
