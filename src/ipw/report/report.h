// SPDX-License-Identifier: Apache-2.0
// Results as text: pure functions, the same for the console, files and tests.
#pragma once
#include <string>
#include <string_view>

#include "ipw/analysis/analysis.h"

namespace ipw::report {

/// How the console is: `width` columns (0: unlimited), colour and lines only on a terminal.
struct Style {
  std::size_t width = 0;
  bool terminal = false;  ///< bold titles and rules of box characters; else plain ASCII without escapes
};

/// Count the columns that a UTF-8 text takes: combining marks take none, wide East Asian characters two.
std::size_t display_width(std::string_view text);
/// Replace control characters by spaces: names and subjects come from outside and must not steer a terminal.
std::string printable(std::string_view text);
/// Cut to a number of columns, ending in "..." where something was cut.
std::string fit(std::string_view text, std::size_t columns);

/// One table for a console. Where it is wider than the style allows, columns of text are cut, the widest
/// first, but neither numbers nor the first column, which says what a row is. Where that is not enough, the
/// table goes into blocks below each other, each beginning with the first column.
std::string render_table(const analysis::Table& table, const Style& style);
/// All tables of a result, then its warnings.
std::string render_console(const analysis::Result& result, const Style& style);
/// GitHub-flavoured Markdown.
std::string render_markdown(const analysis::Result& result);
/// RFC 4180: the tables one after another, parted by an empty line.
std::string render_csv(const analysis::Result& result);
/// What goes to analysis/<id>.json.
std::string render_json(const analysis::Result& result);

}  // namespace ipw::report
