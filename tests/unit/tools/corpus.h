// SPDX-License-Identifier: Apache-2.0
// Small corpora, and what a search found in them.
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ipw/tools/corpus.h"

namespace ipw::tools {

inline std::shared_ptr<const Corpus> corpus_of(std::vector<std::pair<std::string, std::string>> texts,
                                               const ChunkOptions& options = {}) {
  std::vector<Document> documents;
  for (auto& [id, content] : texts) documents.push_back({id, content, ""});
  return std::make_shared<Corpus>(std::move(documents), options);
}

inline std::vector<std::string> ids(const std::vector<Hit>& hits) {
  std::vector<std::string> out;
  for (const auto& hit : hits) out.push_back(hit.id);
  return out;
}

/// Words drawn from a vocabulary of 200, the same each time.
inline std::string some_text(unsigned seed, int words) {
  std::string out;
  for (int i = 0; i < words; ++i) {
    seed = seed * 1664525U + 1013904223U;
    out += "word" + std::to_string((seed >> 8U) % 200U) + " ";
  }
  return out;
}

inline std::shared_ptr<const Corpus> some_corpus(unsigned documents, int words = 30) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (unsigned i = 0; i < documents; ++i) texts.emplace_back("doc" + std::to_string(i), some_text(i, words));
  return corpus_of(std::move(texts));
}

}  // namespace ipw::tools
