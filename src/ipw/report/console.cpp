// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>
#include <utility>

#include "ipw/report/report.h"

namespace ipw::report {
namespace {

constexpr std::size_t kGap = 2;
/// A column of text that is cut keeps so much; a table that needs less room than that goes into blocks.
constexpr std::size_t kLeast = 12;

using Widths = std::vector<std::size_t>;
using Cells = std::vector<std::string>;

Widths natural_widths(const analysis::Table& table) {
  Widths widths;
  for (const auto& name : table.columns) widths.push_back(display_width(name));
  for (const auto& row : table.rows) {
    for (std::size_t c = 0; c < std::min(row.size(), widths.size()); ++c) {
      widths[c] = std::max(widths[c], display_width(printable(row[c])));
    }
  }
  return widths;
}

std::size_t total(const Widths& widths) {
  const std::size_t gaps = widths.empty() ? 0 : kGap * (widths.size() - 1);
  return std::accumulate(widths.begin(), widths.end(), gaps);
}

/// Only columns of text shrink: a number that is cut is a wrong number. The first column says what the row
/// is.
Widths shrunk(Widths widths, const analysis::Table& table, std::size_t limit) {
  while (total(widths) > limit) {
    std::size_t* widest = nullptr;
    for (std::size_t c = 1; c < widths.size(); ++c) {
      const bool right = c < table.right_aligned.size() && table.right_aligned[c];
      if (!right && widths[c] > kLeast && (widest == nullptr || widths[c] > *widest)) widest = &widths[c];
    }
    if (widest == nullptr) break;
    --*widest;
  }
  return widths;
}

/// Columns of a table that stand side by side.
using Block = std::vector<std::size_t>;

/// Part columns that do not fit side by side into blocks; the first column begins each.
std::vector<Block> blocks_of(const Widths& widths, std::size_t limit) {
  std::vector<Block> blocks(1);
  std::size_t used = 0;
  for (std::size_t c = 0; c < widths.size(); ++c) {
    if (used + kGap + widths[c] > limit && blocks.back().size() > 1) {
      blocks.push_back({0});
      used = widths[0];
    }
    used += (blocks.back().empty() ? 0 : kGap) + widths[c];
    blocks.back().push_back(c);
  }
  return blocks;
}

std::string line(const Cells& cells, const Block& block, const Widths& widths,
                 const std::vector<bool>& right) {
  std::string out;
  for (const std::size_t c : block) {
    const std::string cell = c < cells.size() ? fit(printable(cells[c]), widths[c]) : std::string();
    const std::string padding(widths[c] - display_width(cell), ' ');
    if (c != block.front()) out.append(kGap, ' ');
    out += c < right.size() && right[c] ? padding + cell : cell + padding;
  }
  out.erase(out.find_last_not_of(' ') + 1);
  return out + "\n";
}

std::string rule(std::size_t columns, const Style& style) {
  std::string out;
  for (std::size_t i = 0; i < columns; ++i) out += style.terminal ? "\u2500" : "-";
  return out + "\n";
}

std::string bold(const std::string& text, const Style& style) {
  return style.terminal ? "\x1b[1m" + text + "\x1b[0m" : text;
}

}  // namespace

std::string render_table(const analysis::Table& table, const Style& style) {
  const std::size_t limit = style.width > 0 ? style.width : std::string::npos;
  const Widths natural = natural_widths(table), narrow = shrunk(natural, table, limit);
  const bool fits = total(narrow) <= limit;
  const Widths& widths = fits ? narrow : natural;
  std::string out = table.title.empty() ? "" : bold(table.title, style) + "\n";
  bool first = true;
  for (const Block& block : blocks_of(widths, limit)) {
    if (!std::exchange(first, false)) out += "\n";
    Widths used;
    for (const std::size_t c : block) used.push_back(widths[c]);
    out += line(table.columns, block, widths, table.right_aligned);
    out += rule(total(used), style);
    for (const auto& row : table.rows) out += line(row, block, widths, table.right_aligned);
  }
  for (const auto& note : table.notes) out += "  " + printable(note) + "\n";
  return out;
}

std::string render_console(const analysis::Result& result, const Style& style) {
  std::string out;
  for (const auto& table : result.tables) out += (out.empty() ? "" : "\n") + render_table(table, style);
  if (!result.warnings.empty()) out += "\n";
  for (const auto& warning : result.warnings)
    out += bold("warning:", style) + " " + printable(warning) + "\n";
  return out;
}

}  // namespace ipw::report
