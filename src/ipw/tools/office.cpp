// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/office.h"

#include <fmt/format.h>

#include <map>
#include <pugixml.hpp>
#include <vector>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/sandbox/zip.h"
#include "ipw/tools/docx.h"
#include "ipw/tools/office_xml.h"

namespace ipw::tools {
namespace {

constexpr std::size_t kMostParts = 500;    ///< sheets or slides
constexpr std::size_t kMostColumns = 512;  ///< to which gaps in a row are filled
constexpr std::size_t kMostText = std::size_t{32} << 20;

/// A part of the package as a document. Throws Error(Format) where it is missing or damaged.
pugi::xml_document load(std::string_view bytes, const std::string& part) {
  const auto xml = sandbox::zip_member(bytes, part);
  if (!xml) throw Error(ErrorCode::Format, fmt::format("the file has no part {}", part));
  return parse_xml(*xml);
}

/// The targets of a part's relations by their ids, as names of members: "rId1" to "xl/worksheets/sheet1.xml".
std::map<std::string, std::string> relations(std::string_view bytes, const std::string& folder,
                                             const std::string& name) {
  std::map<std::string, std::string> out;
  const auto document = load(bytes, fmt::format("{}/_rels/{}.rels", folder, name));
  for (const auto& relation : document.document_element().children()) {
    std::string target = relation.attribute("Target").value();
    target = target.starts_with('/') ? target.substr(1) : folder + "/" + target;
    out[relation.attribute("Id").value()] = std::move(target);
  }
  return out;
}

struct Part {
  std::string name, member;
};

/// The members that the children of a list name by their relation, in the list's order.
std::vector<Part> parts_of(const pugi::xml_document& document, std::string_view list,
                           const std::map<std::string, std::string>& targets) {
  std::vector<Part> out;
  for (const auto& child : document.document_element().children()) {
    if (local_name(child) != list) continue;
    for (const auto& item : child.children())
      for (const auto& attribute : item.attributes()) {
        const std::string_view key = attribute.name();
        const auto it = key.ends_with(":id") ? targets.find(attribute.value()) : targets.end();
        if (it != targets.end() && out.size() < kMostParts)
          out.push_back({item.attribute("name").value(), it->second});
      }
  }
  return out;
}

/// The texts that cells name by their number.
std::vector<std::string> shared_strings(std::string_view bytes) {
  std::vector<std::string> out;
  const auto xml = sandbox::zip_member(bytes, "xl/sharedStrings.xml");
  if (!xml) return out;
  const auto document = parse_xml(*xml);
  for (const auto& item : document.document_element().children())
    if (local_name(item) == "si") out.push_back(one_line(inner_text(item)));
  return out;
}

/// "C" of "C5" as 2; nothing for what is no such place.
std::optional<std::size_t> column_of(std::string_view place) {
  std::size_t column = 0;
  std::size_t letters = 0;
  for (; letters < place.size() && place[letters] >= 'A' && place[letters] <= 'Z' && letters < 3; ++letters)
    column = column * 26 + static_cast<std::size_t>(place[letters] - 'A') + 1;
  return letters > 0 ? std::optional(column - 1) : std::nullopt;
}

std::string cell_text(const pugi::xml_node& cell, const std::vector<std::string>& shared) {
  const std::string_view type = cell.attribute("t").value();
  std::string value;
  for (const auto& child : cell.children()) {
    const auto name = local_name(child);
    if (name == "v" || (type == "inlineStr" && name == "is")) value = inner_text(child);
  }
  if (type == "s") {
    const auto index = parse_int(value);
    const bool there = index && *index >= 0 && static_cast<std::size_t>(*index) < shared.size();
    return there ? shared[static_cast<std::size_t>(*index)] : std::string();
  }
  if (type == "b") return value == "1" ? "TRUE" : "FALSE";
  return one_line(value);
}

void add_row(const pugi::xml_node& row, const std::vector<std::string>& shared, std::string& out) {
  std::size_t at = 0, next = 0;  // columns: of the last cell, and of one that does not say its own
  for (const auto& cell : row.children()) {
    if (local_name(cell) != "c") continue;
    // A few cells may name one long text again and again.
    if (out.size() > kMostText) throw Error(ErrorCode::Format, "its sheets hold more than 32 MiB of text");
    const auto wanted = std::min(column_of(cell.attribute("r").value()).value_or(next), kMostColumns);
    for (; at < wanted; ++at) out += '\t';
    next = at + 1;
    out += cell_text(cell, shared);
  }
  out += '\n';
}

void add_sheet(const pugi::xml_document& sheet, const std::vector<std::string>& shared, std::string& out) {
  for (const auto& data : sheet.document_element().children()) {
    if (local_name(data) != "sheetData") continue;
    for (const auto& row : data.children())
      if (local_name(row) == "row") add_row(row, shared, out);
  }
}

}  // namespace

std::string xlsx_text(std::string_view bytes) {
  const auto book = load(bytes, "xl/workbook.xml");
  const auto shared = shared_strings(bytes);
  std::string out;
  for (const auto& [name, member] : parts_of(book, "sheets", relations(bytes, "xl", "workbook.xml"))) {
    out += fmt::format("{}# {}\n", out.empty() ? "" : "\n", one_line(name));
    add_sheet(load(bytes, member), shared, out);
  }
  return out;
}

std::string pptx_text(std::string_view bytes) {
  const auto show = load(bytes, "ppt/presentation.xml");
  std::string out;
  std::size_t number = 0;
  for (const auto& slide : parts_of(show, "sldIdLst", relations(bytes, "ppt", "presentation.xml"))) {
    out += fmt::format("{}# Slide {}\n", out.empty() ? "" : "\n", ++number);
    out += paragraphs_of(load(bytes, slide.member).document_element());
    if (out.size() > kMostText) throw Error(ErrorCode::Format, "its slides hold more than 32 MiB of text");
  }
  return out;
}

std::string office_text(std::string_view bytes) {
  if (sandbox::zip_member(bytes, "xl/workbook.xml")) return xlsx_text(bytes);
  if (sandbox::zip_member(bytes, "ppt/presentation.xml")) return pptx_text(bytes);
  return docx_text(bytes);
}

}  // namespace ipw::tools
