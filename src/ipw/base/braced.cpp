// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/braced.h"

namespace ipw {

std::string_view braced(std::string_view text) {
  if (!text.starts_with('{')) return {};
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\')
      ++i;
    else if (c == '"')
      quoted = !quoted;
    else if (!quoted && c == '{')
      ++depth;
    else if (!quoted && c == '}' && --depth == 0)
      return text.substr(0, i + 1);
  }
  return {};
}

}  // namespace ipw
