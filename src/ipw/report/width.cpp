// SPDX-License-Identifier: Apache-2.0
#include <utf8proc.h>

#include "ipw/report/report.h"

namespace ipw::report {
namespace {

/// Call use(bytes, columns) for each code point until it says stop.
template <class Use>
void for_each_code_point(std::string_view text, Use use) {
  while (!text.empty()) {
    utf8proc_int32_t code = 0;
    const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
    const auto length = utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size()), &code);
    const std::size_t size = length > 0 ? static_cast<std::size_t>(length) : 1;
    const std::size_t columns = length > 0 ? static_cast<std::size_t>(utf8proc_charwidth(code)) : 1;
    if (!use(text.substr(0, size), columns)) return;
    text.remove_prefix(size);
  }
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t total = 0;
  for_each_code_point(text, [&](std::string_view, std::size_t columns) {
    total += columns;
    return true;
  });
  return total;
}

std::string printable(std::string_view text) {
  std::string out;
  for_each_code_point(text, [&](std::string_view bytes, std::size_t) {
    const auto first = static_cast<unsigned char>(bytes[0]);
    const bool c1 = first == 0xc2 && bytes.size() > 1 && static_cast<unsigned char>(bytes[1]) < 0xa0;
    if (first < 0x20 || first == 0x7f || c1) {
      out += ' ';
    } else {
      out += bytes;
    }
    return true;
  });
  return out;
}

std::string fit(std::string_view text, std::size_t columns) {
  if (display_width(text) <= columns) return std::string(text);
  const std::size_t room = columns > 3 ? columns - 3 : 0;
  std::string out;
  std::size_t used = 0;
  for_each_code_point(text, [&](std::string_view bytes, std::size_t width) {
    if (used + width > room) return false;
    out += bytes;
    used += width;
    return true;
  });
  return out.append(columns - used < 3 ? columns - used : 3, '.');
}

}  // namespace ipw::report
