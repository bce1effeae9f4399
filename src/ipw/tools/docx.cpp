// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/docx.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <pugixml.hpp>

#include "ipw/base/error.h"
#include "ipw/sandbox/zip.h"
#include "ipw/tools/office_xml.h"

namespace ipw::tools {
namespace {

constexpr const char* kAdvice = "turn it into text with a program";

/// What holds no text of the document as it stands: properties ("pPr", whose tabs are stops and no tabs),
/// deletions, the former place of moved text, and the second form of what is there in a newer one.
bool is_skipped(std::string_view name) {
  constexpr std::array<std::string_view, 4> kSkipped = {"Fallback", "del", "instrText", "moveFrom"};
  return name.ends_with("Pr") || std::ranges::find(kSkipped, name) != kSkipped.end();
}

/// Collects while the tree is walked. In a cell everything stays in one line.
class Lines {
 public:
  /// False where there is nothing to look for inside.
  bool enter(const pugi::xml_node& node) {
    const auto name = local_name(node);
    if (is_skipped(name)) return false;
    if (name == "t") {
      add_text(node);
      return false;
    }
    if (name == "tab" || name == "ptab")
      out_ += cells_ > 0 ? ' ' : '\t';
    else if (name == "br" || name == "cr")
      end_line();
    else if (name == "noBreakHyphen")
      out_ += '-';
    else if (name == "tr" && cells_ == 0)
      is_first_ = true;
    else if (name == "tc")
      begin_cell();
    return true;
  }
  void leave(const pugi::xml_node& node) {
    const auto name = local_name(node);
    if (name == "p" || (name == "tr" && cells_ == 0))
      end_line();
    else if (name == "tc")
      end_cell();
  }
  std::string take() { return std::move(out_); }

 private:
  void add_text(const pugi::xml_node& node) {
    for (const pugi::xml_node part : node.children())
      if (part.type() == pugi::node_pcdata || part.type() == pugi::node_cdata) out_ += one_line(part.value());
  }
  void end_line() { out_ += cells_ > 0 ? ' ' : '\n'; }
  void begin_cell() {
    if (cells_++ > 0) return;
    if (!is_first_) out_ += '\t';
    is_first_ = false;
    begin_ = out_.size();
  }
  void end_cell() {
    if (--cells_ > 0) return;
    while (out_.size() > begin_ && out_.back() == ' ') out_.pop_back();
  }

  std::string out_;
  std::size_t begin_ = 0;  ///< of the cell in out_
  int cells_ = 0;          ///< that are open: a table may stand in a cell of another
  bool is_first_ = true;   ///< cell of its row
};

}  // namespace

std::string paragraphs_of(const pugi::xml_node& root) {
  Lines lines;
  walk(
      root, [&](const auto& node) { return lines.enter(node); },
      [&](const auto& node) { lines.leave(node); });
  return lines.take();
}

std::string word_text(std::string_view xml) {
  const auto document = parse_xml(xml);
  const auto root = document.document_element();
  if (local_name(root) != "document") throw Error(ErrorCode::Format, "this is no Word document", kAdvice);
  return paragraphs_of(root);
}

std::string docx_text(std::string_view bytes) {
  const auto xml = sandbox::zip_member(bytes, "word/document.xml");
  if (!xml)
    throw Error(ErrorCode::Format, "it is a zip without word/document.xml and so no Word document", kAdvice);
  return word_text(*xml);
}

}  // namespace ipw::tools
