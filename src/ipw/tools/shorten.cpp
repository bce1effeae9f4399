// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/shorten.h"

#include <fmt/format.h>

#include <algorithm>

#include "ipw/base/text.h"

namespace ipw::tools {
namespace {

bool is_first_byte(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

/// The byte at which the character of this number begins.
std::size_t place_of(std::string_view text, std::size_t character) {
  std::size_t at = 0;
  for (; at < text.size(); ++at)
    if (is_first_byte(text[at]) && character-- == 0) break;
  return at;
}

}  // namespace

std::string shorten_middle(std::string_view text, std::size_t most) {
  const auto valid = to_valid_utf8(text);
  const auto count = static_cast<std::size_t>(std::ranges::count_if(valid, is_first_byte));
  if (count <= most) return valid;
  const auto head = place_of(valid, (most + 1) / 2);
  const auto tail = place_of(valid, count - most / 2);
  return fmt::format("{}\n[... {} characters left out ...]\n{}", valid.substr(0, head), count - most,
                     valid.substr(tail));
}

}  // namespace ipw::tools
