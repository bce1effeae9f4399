// SPDX-License-Identifier: Apache-2.0
// Long texts in pieces that overlap, so that a fact at the end of a document is found and quoted alone.
#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

namespace ipw::tools {

struct ChunkOptions {
  std::size_t max_bytes = 1200;  ///< at least 32
  std::size_t overlap = 150;     ///< bytes, at most half of max_bytes
};

/// Bytes [begin, end) of a text.
struct ByteRange {
  std::size_t begin = 0, end = 0;
  bool operator==(const ByteRange&) const = default;
};

/// Split a text into pieces of at most max_bytes, each as long as can be. A piece ends where a paragraph
/// ends, else a sentence or line, else a word, whichever is found first in its second half; where there is
/// none of them, between two characters. The next piece starts at the first word of the overlap. Whitespace
/// around a piece is left out, everything else is in some piece. Linear time. Throws Error(Usage) on options
/// out of range.
std::vector<ByteRange> split_text(std::string_view text, const ChunkOptions& options = {});

}  // namespace ipw::tools
