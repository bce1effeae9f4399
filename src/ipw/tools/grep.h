// SPDX-License-Identifier: Apache-2.0
// Search by a regular expression, line by line.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/tools/corpus.h"

namespace ipw::tools {

struct GrepOptions {
  bool ignore_case = true;
  std::size_t context_lines = 2;  ///< on each side
  std::size_t most_matches = 50;
  std::size_t most_line_bytes = 400;  ///< longer lines are cut, that of the match around it
  /// Asked before each line; true ends the search with Error(Timeout). Empty: the search runs to its end.
  std::function<bool()> too_late;
};

/// The first match of a line.
struct GrepMatch {
  std::string document;                   ///< id
  std::size_t line = 0;                   ///< 1, 2, ...
  std::size_t begin = 0, end = 0;         ///< bytes [begin, end) of the document's content that match
  std::string before, match, after;       ///< of that line
  std::vector<std::string> above, below;  ///< context lines
};

struct GrepResult {
  std::vector<GrepMatch> matches;  ///< in the order of document ids and lines
  bool is_cut = false;             ///< there are more than most_matches
};

/// Find the lines of all documents that a pattern matches (RE2 syntax: no backreferences, no look-around).
/// Time is linear in the text for any pattern. Throws Error(Usage) with the reason on a pattern that RE2
/// refuses or that needs more than 1 MiB.
GrepResult grep(const Corpus& corpus, std::string_view pattern, const GrepOptions& options = {});

}  // namespace ipw::tools
