// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/token_text.h"

#include <algorithm>

#include "ipw/base/text.h"

namespace ipw::clients {
namespace {

std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xE0) return 2;
  return lead < 0xF0 ? 3 : 4;
}

}  // namespace

std::size_t incomplete_utf8_tail(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    return byte >= 0xC0 && sequence_length(byte) > back ? back : 0;
  }
  return 0;
}

std::size_t TokenText::held_back() const {
  std::size_t held = incomplete_utf8_tail(text_);
  for (const auto& stop : stops_)
    for (std::size_t n = std::min(stop.size(), text_.size()); n > held; --n)
      if (text_.ends_with(std::string_view(stop).substr(0, n))) held = n;
  return held;
}

bool TokenText::add(std::string_view piece) {
  const std::size_t before = text_.size();
  text_ += piece;
  for (const auto& stop : stops_) {
    if (stop.empty()) continue;
    const std::size_t from = before >= stop.size() ? before - stop.size() + 1 : 0;
    if (const auto at = text_.find(stop, from); at != std::string::npos) {
      text_.resize(at);
      stopped_ = true;
    }
  }
  const std::size_t visible = text_.size() - (stopped_ ? 0 : held_back());
  const bool grew = visible > visible_;
  visible_ = std::max(visible, visible_);
  return grew;
}

std::string TokenText::finish() {
  return to_valid_utf8(text_);
}

}  // namespace ipw::clients
