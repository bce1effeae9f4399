// SPDX-License-Identifier: Apache-2.0
// Search by words: Okapi BM25 over an inverted index.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ipw/tools/inverted_index.h"
#include "ipw/tools/retriever.h"

namespace ipw::tools {

struct Bm25Options {
  double k1 = 1.5;  ///< how long the repetition of a word counts, >= 0
  double b = 0.75;  ///< how much the length of a chunk counts, in [0, 1]
};

/// Okapi BM25 (Robertson and Zaragoza 2009) with an IDF that is never negative, ln(1 + (N - n + 0.5) / (n +
/// 0.5)): a chunk that has a word of the query is found, however few chunks there are. Words are stemmed, see
/// words.h. Memory: 8 bytes for each different word of each chunk, besides the corpus. Immutable, so
/// thread-safe.
class Bm25 final : public Retriever {
 public:
  /// Index a corpus. Throws Error(Usage) on options out of range.
  explicit Bm25(const std::shared_ptr<const Corpus>& corpus, const Bm25Options& options = {});
  /// Read what save() has written over the same documents with the same options. Throws Error(NotFound), and
  /// Error(Format) with the reason where the file is not that.
  static Bm25 load(const std::filesystem::path& path, std::shared_ptr<const Corpus> corpus,
                   const Bm25Options& options = {});
  /// Write the index to one file, whole or not at all. Throws Error(Unavailable | Permission).
  void save(const std::filesystem::path& path) const;

 private:
  /// Time: the postings of the query's words times the logarithm of their number.
  std::vector<Hit> find(std::string_view query, std::size_t top_k, const Patience&) const override;
  Bm25(std::shared_ptr<const Corpus> corpus, const Bm25Options& options, InvertedIndex index);

  std::shared_ptr<const Corpus> corpus_;
  Bm25Options options_;
  InvertedIndex index_;
  std::vector<double> norms_;  ///< [chunks] k1 (1 - b + b length / mean length)
};

}  // namespace ipw::tools
