// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/grep.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "ipw/base/error.h"
#include "ipw/base/text.h"

namespace ipw::tools {
namespace {

re2::RE2::Options re2_options(const GrepOptions& options) {
  re2::RE2::Options out;
  out.set_log_errors(false);
  out.set_max_mem(1 << 20);  // a pattern comes from a model: bounded, refused beyond it
  out.set_case_sensitive(!options.ignore_case);
  return out;
}

/// Cut at a character; the text keeps its first bytes or, from the back, its last.
std::string_view first_bytes(std::string_view text, std::size_t count) {
  if (text.size() <= count) return text;
  while (count > 0 && (static_cast<unsigned char>(text[count]) & 0xC0U) == 0x80U) --count;
  return text.substr(0, count);
}

std::string_view last_bytes(std::string_view text, std::size_t count) {
  if (text.size() <= count) return text;
  auto begin = text.size() - count;
  while (begin < text.size() && (static_cast<unsigned char>(text[begin]) & 0xC0U) == 0x80U) ++begin;
  return text.substr(begin);
}

/// The document's lines [first, last), each cut.
std::vector<std::string> excerpt(const std::vector<std::string_view>& lines, std::size_t first,
                                 std::size_t last, std::size_t most_bytes) {
  std::vector<std::string> out;
  for (auto i = first; i < std::min(last, lines.size()); ++i)
    out.emplace_back(first_bytes(lines[i], most_bytes));
  return out;
}

/// The match `found` in line `at` with what stands around it.
GrepMatch describe(const Document& document, const std::vector<std::string_view>& lines, std::size_t at,
                   std::string_view found, const GrepOptions& options) {
  const auto line = lines[at];
  const auto column = static_cast<std::size_t>(found.data() - line.data());
  const auto match = first_bytes(found, options.most_line_bytes);
  const auto side = (options.most_line_bytes - match.size()) / 2;
  GrepMatch out;
  out.document = document.id;
  out.line = at + 1;
  out.begin = static_cast<std::size_t>(found.data() - document.content.data());
  out.end = out.begin + found.size();
  out.before = last_bytes(line.substr(0, column), side);
  out.match = match;
  out.after = first_bytes(line.substr(column + found.size()), side);
  out.above = excerpt(lines, at - std::min(at, options.context_lines), at, options.most_line_bytes);
  out.below = excerpt(lines, at + 1, at + 1 + options.context_lines, options.most_line_bytes);
  return out;
}

/// Add the matches of one document; false when there are too many.
bool search_document(const Document& document, const re2::RE2& pattern, const GrepOptions& options,
                     GrepResult& result) {
  const auto lines = split(document.content, '\n');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (options.too_late && options.too_late())
      throw Error(ErrorCode::Timeout, fmt::format("the search for {} took too long", pattern.pattern()),
                  "search for a simpler pattern");
    re2::StringPiece found;
    const re2::StringPiece line(lines[i].data(), lines[i].size());
    if (!pattern.Match(line, 0, line.size(), re2::RE2::UNANCHORED, &found, 1)) continue;
    result.is_cut = result.matches.size() >= options.most_matches;
    if (result.is_cut) return false;
    result.matches.push_back(describe(document, lines, i, {found.data(), found.size()}, options));
  }
  return true;
}

}  // namespace

GrepResult grep(const Corpus& corpus, std::string_view pattern, const GrepOptions& options) {
  const re2::RE2 compiled(re2::StringPiece(pattern.data(), pattern.size()), re2_options(options));
  if (!compiled.ok())
    throw Error(ErrorCode::Usage, fmt::format("bad pattern {}: {}", pattern, compiled.error()),
                "write a regular expression of RE2's kind, or put \\Q before a plain text");
  GrepResult result;
  for (const auto& document : corpus.documents())
    if (!search_document(document, compiled, options, result)) break;
  return result;
}

}  // namespace ipw::tools
