// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/chunk.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ipw/base/error.h"

namespace ipw::tools {
namespace {

constexpr std::size_t kSmallest = 32;
constexpr std::string_view kSpace = " \t\n\r\f\v";

bool is_space(char c) {
  return kSpace.find(c) != std::string_view::npos;
}

/// Whether a byte stands inside a UTF-8 character.
bool is_inner(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

/// Whether a paragraph ends at `at`: a line break, then a blank line.
bool paragraph_ends(std::string_view text, std::size_t at) {
  if (text[at] != '\n') return false;
  const auto next = text.find_first_not_of(" \t\r", at + 1);
  return next != std::string_view::npos && text[next] == '\n';
}

bool sentence_ends(std::string_view text, std::size_t at) {
  const auto before = text.substr(0, at);
  for (const std::string_view mark : {"。", "！", "？"})
    if (before.ends_with(mark)) return true;
  if (!is_space(text[at])) return false;
  if (text[at] == '\n') return true;
  const auto last = before.find_last_not_of("\"')]}");
  return last != std::string_view::npos && last + 4 > at &&
         std::string_view(".!?").find(before[last]) != std::string_view::npos;
}

bool word_ends(std::string_view text, std::size_t at) {
  return is_space(text[at]);
}

/// Where the piece ends that starts at `begin`; the text goes on for more than max_bytes.
std::size_t piece_end(std::string_view text, std::size_t begin, std::size_t max_bytes) {
  const auto limit = begin + max_bytes, least = begin + max_bytes / 2;
  for (const auto ends_at : {paragraph_ends, sentence_ends, word_ends})
    for (auto at = limit; at > least; --at)
      if (ends_at(text, at)) return at;
  auto at = limit;
  while (at > limit - 3 && is_inner(text[at])) --at;
  return at;
}

/// Where the piece starts that follows one that ends at `end`.
std::size_t next_begin(std::string_view text, std::size_t end, std::size_t overlap) {
  const auto first = end - overlap;
  for (auto at = first; at < end; ++at)
    if (is_space(text[at - 1]) && !is_space(text[at])) return at;
  auto at = first;
  while (at < first + 3 && at < end && is_inner(text[at])) ++at;
  return std::min(text.find_first_not_of(kSpace, at), text.size());
}

void check(const ChunkOptions& options) {
  if (options.max_bytes >= kSmallest && options.overlap <= options.max_bytes / 2) return;
  throw Error(
      ErrorCode::Usage,
      fmt::format("cannot make chunks of {} bytes that overlap by {}", options.max_bytes, options.overlap),
      fmt::format("take at least {} bytes, and an overlap of at most half of them", kSmallest));
}

}  // namespace

std::vector<ByteRange> split_text(std::string_view text, const ChunkOptions& options) {
  check(options);
  text = text.substr(0, text.find_last_not_of(kSpace) + 1);
  std::vector<ByteRange> pieces;
  auto begin = text.find_first_not_of(kSpace);
  while (begin < text.size() && text.size() - begin > options.max_bytes) {
    const auto end = piece_end(text, begin, options.max_bytes);
    pieces.push_back({begin, text.substr(0, end).find_last_not_of(kSpace) + 1});
    begin = next_begin(text, end, options.overlap);
  }
  if (begin < text.size()) pieces.push_back({begin, text.size()});
  return pieces;
}

}  // namespace ipw::tools
