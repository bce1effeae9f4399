// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/corpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "ipw/base/error.h"
#include "ipw/base/hash.h"

namespace ipw::tools {
namespace {

constexpr std::size_t kMostChunks = std::numeric_limits<std::uint32_t>::max();

void check_ids(const std::vector<Document>& documents) {
  if (!documents.empty() && documents.front().id.empty())
    throw Error(ErrorCode::Format, "a document has an empty id", "give each document an id of its own");
  const auto twice = std::ranges::adjacent_find(documents, {}, &Document::id);
  if (twice != documents.end())
    throw Error(ErrorCode::Format, fmt::format("two documents have the id {}", twice->id),
                "give each document an id of its own");
}

void update_with_length(Sha256& hash, std::string_view bytes) {
  hash.update(fmt::format("{}:", bytes.size()));
  hash.update(bytes);
}

}  // namespace

Corpus::Corpus(std::vector<Document> documents, const ChunkOptions& options)
    : documents_(std::move(documents)), options_(options) {
  std::ranges::sort(documents_, {}, &Document::id);
  check_ids(documents_);
  for (std::size_t i = 0; i < documents_.size(); ++i) {
    std::uint32_t number = 0;
    for (const auto& range : split_text(documents_[i].content, options_))
      chunks_.push_back({static_cast<std::uint32_t>(i), ++number, range});
    if (chunks_.size() >= kMostChunks)
      throw Error(ErrorCode::Usage, fmt::format("more than {} chunks", kMostChunks), "make larger chunks");
  }
}

std::string_view Corpus::text(std::size_t chunk) const {
  const auto& [document, number, range] = chunks_.at(chunk);
  return std::string_view(documents_[document].content).substr(range.begin, range.end - range.begin);
}

Hit Corpus::hit(std::size_t chunk, double score) const {
  const auto& [document, number, range] = chunks_.at(chunk);
  const auto& id = documents_[document].id;
  return {fmt::format("{}#{}", id, number), id, range.begin, range.end, score};
}

const Document* Corpus::find(std::string_view id) const {
  const auto it = std::ranges::lower_bound(documents_, id, {}, &Document::id);
  return it != documents_.end() && it->id == id ? &*it : nullptr;
}

std::string content_key(const Corpus& corpus, std::string_view parameters) {
  Sha256 hash;
  update_with_length(hash, parameters);
  update_with_length(hash, fmt::format("chunks of {} bytes, overlap {}", corpus.options().max_bytes,
                                       corpus.options().overlap));
  for (const auto& document : corpus.documents()) {
    update_with_length(hash, document.id);
    update_with_length(hash, document.content);
  }
  return hash.hex();
}

}  // namespace ipw::tools
