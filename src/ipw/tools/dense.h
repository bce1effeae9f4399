// SPDX-License-Identifier: Apache-2.0
// Search by meaning: exact dot products of normalised embeddings.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ipw/tools/corpus.h"
#include "ipw/tools/embeddings.h"
#include "ipw/tools/retriever.h"

namespace ipw::tools {

struct DenseOptions {
  std::string model;  ///< part of the index's key: vectors of two models do not compare
  std::string query_prefix, document_prefix;  ///< some models want their texts introduced
};

/// Hear how many chunks of how many are embedded.
using OnEmbedded = std::function<void(std::size_t done, std::size_t of)>;

/// Vectors are scaled to length 1, so a score is a cosine in [-1, 1] and higher is better (defect R5). Every
/// chunk is compared, no approximation. Memory: 4 bytes for each number of each chunk. Immutable, so
/// thread-safe where `embed` is.
class Dense final : public Retriever {
 public:
  /// Embed the chunks of a corpus. Throws Error of `embed`, and Error(Format) on vectors of different or no
  /// length.
  Dense(std::shared_ptr<const Corpus> corpus, Embed embed, DenseOptions options,
        const std::stop_token& stop = {}, const OnEmbedded& on_embedded = {});
  /// Read what save() has written. Throws Error(NotFound), and Error(Format) where the file is damaged or of
  /// another model, other documents or parameters.
  static Dense load(const std::filesystem::path& path, std::shared_ptr<const Corpus> corpus, Embed embed,
                    DenseOptions options);
  /// Write one file, whole or not at all. Throws Error(Unavailable | Permission).
  void save(const std::filesystem::path& path) const;

  std::size_t dimensions() const { return dimensions_; }
  /// Chunks of which only the beginning was embedded; 0 for an index that was read.
  std::size_t cut() const { return cut_; }

 private:
  /// Time: all numbers of all chunks. Throws Error of `embed`, and Error(Format) on a vector of another
  /// length than the index has.
  std::vector<Hit> find(std::string_view query, std::size_t top_k, const Patience& patience) const override;
  Dense(std::shared_ptr<const Corpus> corpus, Embed embed, DenseOptions options, std::size_t dimensions,
        std::vector<float> vectors);

  std::shared_ptr<const Corpus> corpus_;
  Embed embed_;
  DenseOptions options_;
  std::size_t dimensions_ = 0, cut_ = 0;
  std::vector<float> vectors_;  ///< [chunks x dimensions]
};

/// The key of such an index: documents, chunks, model and prefixes.
std::string dense_key(const Corpus& corpus, const DenseOptions& options);

/// Read the bytes of an index of this key and number of chunks, or throw Error(Format).
std::pair<std::size_t, std::vector<float>> parse_dense(std::string_view bytes, std::string_view key,
                                                       std::size_t chunks);

}  // namespace ipw::tools
