// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/index_file.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <limits>
#include <type_traits>

#include "ipw/base/error.h"
#include "ipw/base/hash.h"
#include "ipw/base/text.h"

namespace ipw::tools {
namespace {

static_assert(std::endian::native == std::endian::little, "the file has numbers as this machine has them");
static_assert(sizeof(Posting) == 8 && std::is_trivially_copyable_v<Posting>);

constexpr std::string_view kMagic = "IPW-BM25";
constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kDigits = 64;  ///< of a SHA-256
constexpr std::size_t kNameDigits = 16, kLongestName = 80;

struct Header {
  std::uint64_t chunks = 0, words = 0, word_bytes = 0, postings = 0;
};

[[noreturn]] void refuse(const std::string& problem) {
  throw Error(ErrorCode::Format, problem, "delete the file and build the index again");
}

template <class T>
void append(std::string& out, const std::vector<T>& values) {
  out.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

/// Takes bytes from the front, never more than there are.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::string_view take(std::uint64_t count) {
    if (count > rest_.size()) refuse("the index is cut off");
    const auto out = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return out;
  }
  template <class T>
  std::vector<T> take_values(std::uint64_t count) {
    if (count > rest_.size() / sizeof(T)) refuse("the index is cut off");
    std::vector<T> out(count);
    if (count > 0) std::memcpy(out.data(), take(count * sizeof(T)).data(), count * sizeof(T));
    return out;
  }
  std::uint64_t take_number() { return take_values<std::uint64_t>(1).front(); }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

void check_ends(const std::vector<std::uint64_t>& ends, std::uint64_t last, const char* what) {
  std::uint64_t before = 0;
  for (const auto end : ends) {
    if (end <= before) refuse(fmt::format("the index is damaged: a word without {}", what));
    before = end;
  }
  if (before != last) refuse(fmt::format("the index is damaged: {} without a word", what));
}

void check_postings(std::span<const Posting> postings, std::uint64_t chunks) {
  std::uint64_t least = 0;
  for (const auto& [chunk, count] : postings) {
    if (chunk < least || chunk >= chunks || count == 0) refuse("the index is damaged: chunks out of order");
    least = std::uint64_t{chunk} + 1;
  }
}

/// Check what InvertedIndex promises; the ends are checked.
void check_words(const InvertedIndex& index, std::uint64_t chunks) {
  for (std::size_t i = 0; i < index.term_ends.size(); ++i) {
    if (i > 0 && index.term(i) <= index.term(i - 1)) refuse("the index is damaged: words out of order");
    check_postings(index.postings_of(i), chunks);
  }
}

Header take_header(Reader& reader, std::string_view key, std::size_t chunks) {
  if (const auto version = reader.take_number(); version != kVersion)
    refuse(fmt::format("the index has version {}, this program reads {}", version, kVersion));
  if (reader.take(kDigits) != key) refuse("the index was made of other documents or with other parameters");
  Header header;
  for (auto* number : {&header.chunks, &header.words, &header.word_bytes, &header.postings})
    *number = reader.take_number();
  if (header.chunks != chunks)
    refuse(fmt::format("the index has {} chunks in place of {}", header.chunks, chunks));
  return header;
}

}  // namespace

std::string to_bytes(const InvertedIndex& index, std::string_view key) {
  std::string out(kMagic);
  append(out, std::vector<std::uint64_t>{kVersion});
  out += key;
  append(out, std::vector<std::uint64_t>{index.lengths.size(), index.term_ends.size(), index.terms.size(),
                                         index.postings.size()});
  append(out, index.term_ends);
  append(out, index.posting_ends);
  append(out, index.postings);
  out += index.terms;
  return out + sha256_hex(out);
}

InvertedIndex parse_index(std::string_view bytes, std::string_view key, std::size_t chunks) {
  Reader reader(bytes);
  if (!bytes.starts_with(kMagic)) refuse("this is no index of ipw");
  reader.take(kMagic.size());
  const auto header = take_header(reader, key, chunks);
  InvertedIndex index;
  index.term_ends = reader.take_values<std::uint64_t>(header.words);
  index.posting_ends = reader.take_values<std::uint64_t>(header.words);
  index.postings = reader.take_values<Posting>(header.postings);
  index.terms = reader.take(header.word_bytes);
  if (!reader.empty()) refuse("the index is damaged: bytes behind its end");
  check_ends(index.term_ends, header.word_bytes, "letters");
  check_ends(index.posting_ends, header.postings, "chunks");
  check_words(index, header.chunks);
  count_lengths(index, chunks);
  return index;
}

InvertedIndex index_from_bytes(std::string_view bytes, std::string_view key, std::size_t chunks) {
  if (bytes.size() < kMagic.size() + kDigits) refuse("the index is cut off");
  const auto content = bytes.substr(0, bytes.size() - kDigits);
  if (bytes.starts_with(kMagic) && sha256_hex(content) != bytes.substr(content.size()))
    refuse("the index is cut off or damaged: its checksum is wrong");
  return parse_index(content, key, chunks);
}

std::filesystem::path index_path(const std::filesystem::path& folder, std::string_view name) {
  return folder / fmt::format("{}-{}.bm25", to_valid_utf8(slug(name).substr(0, kLongestName)),
                              sha256_hex(name).substr(0, kNameDigits));
}

}  // namespace ipw::tools
