// SPDX-License-Identifier: Apache-2.0
#include "ipw/evaluation/code_text.h"

#include <algorithm>

#include "ipw/base/text.h"

namespace ipw::evaluation {
namespace {

/// The fence that a line begins with, or nothing.
std::string_view fence_of(std::string_view line) {
  line = trim(line);
  for (const std::string_view fence : {"```", "~~~"})
    if (line.starts_with(fence)) return fence;
  return {};
}

}  // namespace

std::vector<std::string_view> fenced_blocks(std::string_view text) {
  std::vector<std::string_view> out;
  std::string_view open;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto fence = fence_of(text.substr(at, end - at));
    if (open.empty() && !fence.empty()) {
      open = fence;
      begin = std::min(end + 1, text.size());
    } else if (!open.empty() && fence == open) {
      out.push_back(text.substr(begin, at - begin));
      open = {};
    }
    at = end + 1;
  }
  if (!open.empty()) out.push_back(text.substr(begin));
  return out;
}

}  // namespace ipw::evaluation
