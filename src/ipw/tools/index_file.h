// SPDX-License-Identifier: Apache-2.0
// The file of an inverted index (docs/reference/retrieval.md): bytes to index and back.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "ipw/tools/inverted_index.h"

namespace ipw::tools {

/// Write an index with the key of what it was made of (content_key), and a checksum over everything.
std::string to_bytes(const InvertedIndex& index, std::string_view key);

/// Read what to_bytes has written for this key and number of chunks. Throws Error(Format) with a hint when
/// the bytes are no index, of another version, cut off, damaged, or made of other documents or parameters.
InvertedIndex index_from_bytes(std::string_view bytes, std::string_view key, std::size_t chunks);

/// Read everything but the checksum in front of it: any bytes are an index that keeps what InvertedIndex
/// promises, or Error(Format).
InvertedIndex parse_index(std::string_view bytes, std::string_view key, std::size_t chunks);

/// Where the index of a corpus of this name is kept in a folder: a readable part, and a hash of the whole
/// name, so that two names never share a file.
std::filesystem::path index_path(const std::filesystem::path& folder, std::string_view name);

}  // namespace ipw::tools
