// SPDX-License-Identifier: Apache-2.0
// The documents of a search, in chunks: what all retrievers of one search share.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/tools/chunk.h"
#include "ipw/tools/document.h"
#include "ipw/tools/retriever.h"

namespace ipw::tools {

struct Chunk {
  std::uint32_t document = 0;  ///< index in documents()
  std::uint32_t number = 0;    ///< 1, 2, ... within its document
  ByteRange range;
};

/// Documents in the order of their ids and their chunks in the order of documents and places, so that the
/// smaller index is the smaller id. Immutable, so thread-safe.
class Corpus {
 public:
  /// Throws Error(Format) when an id is empty or there twice, Error(Usage) on options out of range.
  explicit Corpus(std::vector<Document> documents, const ChunkOptions& options = {});

  const std::vector<Document>& documents() const { return documents_; }
  const std::vector<Chunk>& chunks() const { return chunks_; }
  const ChunkOptions& options() const { return options_; }
  std::string_view text(std::size_t chunk) const;
  Hit hit(std::size_t chunk, double score) const;
  /// Find a document by its id, or null.
  const Document* find(std::string_view id) const;

 private:
  std::vector<Document> documents_;
  std::vector<Chunk> chunks_;
  ChunkOptions options_;
};

/// What an index over this corpus was made of: SHA-256 (64 hex digits) over the retriever's parameters, the
/// chunk options and the id and content of every document, each with its length in front, so that no two
/// corpora run together. The order in which documents were given does not count, their metadata neither.
std::string content_key(const Corpus& corpus, std::string_view parameters);

}  // namespace ipw::tools
