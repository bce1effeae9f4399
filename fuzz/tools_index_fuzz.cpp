// SPDX-License-Identifier: Apache-2.0
// Any bytes as a search index, with and without a right checksum: an index that can be searched and that is
// written as it was read, or an Error; and any bytes as a text to chunk, index and search.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "ipw/base/error.h"
#include "ipw/base/hash.h"
#include "ipw/tools/bm25.h"
#include "ipw/tools/grep.h"
#include "ipw/tools/index_file.h"

namespace {

using namespace ipw::tools;

/// The key and the number of chunks that the seeds were made with.
const std::string kKey(64, 'k');
constexpr std::size_t kChunks = 2;

void check_index(std::string_view bytes) {
  const auto index = parse_index(bytes, kKey, kChunks);
  for (std::size_t i = 0; i < index.term_ends.size(); ++i) {
    if (index.find(index.term(i)).size() != index.postings_of(i).size()) std::abort();
    for (const auto& posting : index.postings_of(i))
      if (posting.chunk >= kChunks || index.lengths[posting.chunk] < posting.count) std::abort();
  }
  if (to_bytes(index, kKey) != std::string(bytes) + ipw::sha256_hex(bytes)) std::abort();
}

/// Every chunk is found by its own words, unless it has none.
void check_text(std::string_view text) {
  const auto corpus =
      std::make_shared<Corpus>(std::vector<Document>{{"a", std::string(text), ""}}, ChunkOptions{32, 16});
  const auto hits = Bm25(corpus).search(text, corpus->chunks().size());
  for (const auto& hit : hits)
    if (!(hit.score > 0) || hit.end > text.size() || hit.end - hit.begin > 32) std::abort();
  grep(*corpus, text.substr(0, 64));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    check_index(bytes);
  } catch (const ipw::Error&) {
  }
  try {
    index_from_bytes(bytes, kKey, kChunks);
  } catch (const ipw::Error&) {
  }
  try {
    check_text(bytes);
  } catch (const ipw::Error&) {
  }
  return 0;
}
