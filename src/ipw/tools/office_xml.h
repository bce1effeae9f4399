// SPDX-License-Identifier: Apache-2.0
// What the documents of Office Open XML share. Only for the files that read them: pugixml stays inside.
#pragma once
#include <pugixml.hpp>
#include <string>
#include <string_view>

namespace ipw::tools {

/// Throws Error(Format) with the place of the damage.
pugi::xml_document parse_xml(std::string_view xml);
/// A name without its prefix: which one a writer binds to the namespace is for the writer to say.
std::string_view local_name(const pugi::xml_node& node);
/// Visit all below a node in the document's order, by the nodes' own links: a document that nests a million
/// deep needs no stack. `enter` says whether to look inside; `leave` is called where it did.
template <class Enter, class Leave>
void walk(const pugi::xml_node& root, const Enter& enter, const Leave& leave) {
  pugi::xml_node node = root.first_child();
  while (node) {
    const bool looks_inside = enter(node);
    if (looks_inside && node.first_child()) {
      node = node.first_child();
      continue;
    }
    if (looks_inside) leave(node);
    while (node != root && !node.next_sibling()) {
      node = node.parent();
      if (node != root) leave(node);
    }
    if (node == root) break;
    node = node.next_sibling();
  }
}

/// All text below a node, phonetic guides left out. Needs no stack, however deep it nests.
std::string inner_text(const pugi::xml_node& node);
/// A line for each paragraph and each row of a table below a node, as word_text() has it.
std::string paragraphs_of(const pugi::xml_node& root);
/// Line ends and tabs become blanks.
std::string one_line(std::string text);

}  // namespace ipw::tools
