// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/office_xml.h"

#include <fmt/format.h>

#include <algorithm>

#include "ipw/base/error.h"

namespace ipw::tools {

pugi::xml_document parse_xml(std::string_view xml) {
  pugi::xml_document out;
  const auto parsed =
      out.load_buffer(xml.data(), xml.size(), pugi::parse_default | pugi::parse_ws_pcdata_single);
  if (!parsed)
    throw Error(ErrorCode::Format, fmt::format("the document's XML is damaged at byte {}: {}", parsed.offset,
                                               parsed.description()));
  return out;
}

std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

std::string inner_text(const pugi::xml_node& node) {
  std::string out;
  walk(
      node,
      [&](const pugi::xml_node& each) {
        if (each.type() == pugi::node_pcdata || each.type() == pugi::node_cdata) out += each.value();
        return local_name(each) != "rPh";
      },
      [](const pugi::xml_node&) {});
  return out;
}

std::string one_line(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return text;
}

}  // namespace ipw::tools
