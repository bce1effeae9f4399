// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/text.h"
#include "ipw/report/report.h"

namespace ipw::report {
namespace {

/// A cell must not end the cell, the row or the markup: subjects and models are text from outside.
std::string markdown_cell(std::string text) {
  for (const auto& [from, to] :
       {std::pair{"\\", "\\\\"}, {"|", "\\|"}, {"<", "&lt;"}, {"\r", " "}, {"\n", " "}}) {
    text = replace_all(std::move(text), from, to);
  }
  return text;
}

std::string markdown_row(const std::vector<std::string>& cells) {
  std::string out = "|";
  for (const auto& cell : cells) out += " " + markdown_cell(cell) + " |";
  return out + "\n";
}

std::string markdown_table(const analysis::Table& table) {
  std::string out = "## " + table.title + "\n\n" + markdown_row(table.columns) + "|";
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    out += c < table.right_aligned.size() && table.right_aligned[c] ? "---:|" : "---|";
  }
  out += "\n";
  for (const auto& row : table.rows) out += markdown_row(row);
  if (!table.notes.empty()) out += "\n";
  for (const auto& note : table.notes) out += "- " + markdown_cell(note) + "\n";
  return out;
}

/// Quoted where needed; a leading sign of a formula is disarmed, because spreadsheets run it.
std::string csv_cell(std::string text) {
  const bool formula = !text.empty() && std::string_view("=@+-").find(text[0]) != std::string_view::npos;
  if (formula && text != "-" && !parse_double(text)) text.insert(0, "'");
  if (text.find_first_of("\",\r\n") == std::string::npos) return text;
  return "\"" + replace_all(std::move(text), "\"", "\"\"") + "\"";
}

std::string csv_row(const std::vector<std::string>& cells) {
  std::string out;
  for (std::size_t c = 0; c < cells.size(); ++c) out += (c > 0 ? "," : "") + csv_cell(cells[c]);
  return out + "\r\n";
}

}  // namespace

std::string render_markdown(const analysis::Result& result) {
  std::string out;
  for (const auto& table : result.tables) out += (out.empty() ? "" : "\n") + markdown_table(table);
  if (!result.warnings.empty()) out += "\n## Warnings\n\n";
  for (const auto& warning : result.warnings) out += "- " + markdown_cell(warning) + "\n";
  return out;
}

std::string render_csv(const analysis::Result& result) {
  std::string out;
  for (const auto& table : result.tables) {
    if (!out.empty()) out += "\r\n";
    out += csv_row(table.columns);
    for (const auto& row : table.rows) out += csv_row(row);
  }
  return out;
}

std::string render_json(const analysis::Result& result) {
  return result.json;
}

}  // namespace ipw::report
