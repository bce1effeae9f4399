// SPDX-License-Identifier: Apache-2.0
// For each word the chunks that have it, in flat arrays that are written to disk as they are.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/tools/corpus.h"

namespace ipw::tools {

/// A chunk that has a word, and how often.
struct Posting {
  std::uint32_t chunk = 0;
  std::uint32_t count = 0;
  bool operator==(const Posting&) const = default;
};

/// Words in ascending order of their bytes, the postings of each in ascending order of chunks. Immutable once
/// built, so thread-safe.
struct InvertedIndex {
  std::string terms;                        ///< all words, one after another
  std::vector<std::uint64_t> term_ends;     ///< [words] offset in `terms` behind each word
  std::vector<std::uint64_t> posting_ends;  ///< [words] index in `postings` behind those of each word
  std::vector<Posting> postings;
  std::vector<std::uint64_t> lengths;  ///< [chunks] words in each chunk: the sum of its counts

  std::string_view term(std::size_t i) const;
  std::span<const Posting> postings_of(std::size_t term) const;
  /// The postings of a word; none when it is in no chunk. Time: the logarithm of the number of words.
  std::span<const Posting> find(std::string_view word) const;
};

/// Index every word of every chunk, stemmed, stop words too.
InvertedIndex build_index(const Corpus& corpus);

/// Set `lengths` from the postings. `chunks` is above every chunk of them.
void count_lengths(InvertedIndex& index, std::size_t chunks);

}  // namespace ipw::tools
