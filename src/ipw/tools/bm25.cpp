// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/bm25.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/tools/index_file.h"
#include "ipw/tools/words.h"

namespace ipw::tools {
namespace {

struct Scored {
  double score = 0;
  std::uint32_t chunk = 0;
};

/// The postings of one word of the query that are not read yet.
struct Cursor {
  std::span<const Posting> rest;
  double weight = 0;  ///< its IDF times (k1 + 1) times how often the query has it
  std::size_t rank = 0;
};

/// For a heap with the smallest chunk on top; equal chunks in the order of words, so that sums are the same
/// each time.
bool reads_later(const Cursor& a, const Cursor& b) {
  return std::pair(a.rest.front().chunk, a.rank) > std::pair(b.rest.front().chunk, b.rank);
}

/// Replace the top of a heap that has changed by the smaller of its children, down to its place.
void sift_down(std::vector<Cursor>& heap) {
  for (std::size_t at = 0, child = 1; child < heap.size(); at = child, child = 2 * at + 1) {
    if (child + 1 < heap.size() && reads_later(heap[child], heap[child + 1])) ++child;
    if (!reads_later(heap[at], heap[child])) return;
    std::swap(heap[at], heap[child]);
  }
}

/// Sum up the chunks that have some word, in ascending order.
std::vector<Scored> merge(std::vector<Cursor> heap, const std::vector<double>& norms) {
  std::ranges::make_heap(heap, reads_later);
  std::vector<Scored> out;
  while (!heap.empty()) {
    auto& [rest, weight, rank] = heap.front();
    const auto [chunk, count] = rest.front();
    if (out.empty() || out.back().chunk != chunk) out.push_back({0, chunk});
    out.back().score += weight * count / (count + norms[chunk]);
    rest = rest.subspan(1);
    if (rest.empty()) {
      heap.front() = heap.back();
      heap.pop_back();
    }
    sift_down(heap);
  }
  return out;
}

/// Keep the best, best first; equal scores in the order of chunks, which is that of ids.
void keep_best(std::vector<Scored>& scored, std::size_t top_k) {
  const auto before = [](const Scored& a, const Scored& b) {
    return a.score != b.score ? a.score > b.score : a.chunk < b.chunk;
  };
  const auto kept = std::min(top_k, scored.size());
  std::ranges::partial_sort(scored, scored.begin() + static_cast<std::ptrdiff_t>(kept), before);
  scored.resize(kept);
}

std::vector<double> chunk_norms(const InvertedIndex& index, const Bm25Options& options) {
  const auto& lengths = index.lengths;
  const auto total = static_cast<double>(std::accumulate(lengths.begin(), lengths.end(), std::uint64_t{0}));
  const double mean = std::max(total / static_cast<double>(std::max<std::size_t>(lengths.size(), 1)), 1.0);
  std::vector<double> norms(lengths.size());
  std::ranges::transform(lengths, norms.begin(), [&](std::uint64_t length) {
    return options.k1 * (1 - options.b + options.b * static_cast<double>(length) / mean);
  });
  return norms;
}

const Bm25Options& checked(const Bm25Options& options) {
  if (std::isfinite(options.k1) && options.k1 >= 0 && options.b >= 0 && options.b <= 1) return options;
  throw Error(ErrorCode::Usage, fmt::format("cannot search with k1 {} and b {}", options.k1, options.b),
              "take k1 of at least 0, and b between 0 and 1");
}

std::string key_of(const Corpus& corpus, const Bm25Options& options) {
  return content_key(corpus, fmt::format("bm25 k1 {} b {}", options.k1, options.b));
}

}  // namespace

Bm25::Bm25(std::shared_ptr<const Corpus> corpus, const Bm25Options& options, InvertedIndex index)
    : corpus_(std::move(corpus)),
      options_(options),
      index_(std::move(index)),
      norms_(chunk_norms(index_, options_)) {}

Bm25::Bm25(const std::shared_ptr<const Corpus>& corpus, const Bm25Options& options)
    : Bm25(corpus, checked(options), build_index(*corpus)) {}

Bm25 Bm25::load(const std::filesystem::path& path, std::shared_ptr<const Corpus> corpus,
                const Bm25Options& options) try {
  auto index = index_from_bytes(read_file(path), key_of(*corpus, checked(options)), corpus->chunks().size());
  return {std::move(corpus), options, std::move(index)};
} catch (const Error& e) {
  if (e.code() != ErrorCode::Format) throw;
  throw Error(e.code(), fmt::format("{}: {}", path.string(), e.what()), e.hint());
}

void Bm25::save(const std::filesystem::path& path) const {
  write_file_atomic(path, to_bytes(index_, key_of(*corpus_, options_)));
}

std::vector<Hit> Bm25::find(std::string_view query, std::size_t top_k, const Patience&) const {
  std::vector<Cursor> cursors;
  const auto chunks = static_cast<double>(norms_.size());
  for (const auto& term : query_terms(query)) {
    const auto postings = index_.find(term);
    if (postings.empty()) continue;
    const auto having = static_cast<double>(postings.size());
    const double idf = std::log1p((chunks - having + 0.5) / (having + 0.5));
    cursors.push_back({postings, idf * (options_.k1 + 1), cursors.size()});
  }
  auto scored = merge(std::move(cursors), norms_);
  keep_best(scored, top_k);
  std::vector<Hit> hits;
  hits.reserve(scored.size());
  for (const auto& [score, chunk] : scored) hits.push_back(corpus_->hit(chunk, score));
  return hits;
}

}  // namespace ipw::tools
