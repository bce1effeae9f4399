// SPDX-License-Identifier: Apache-2.0
#include "ipw/evaluation/judge_prompt.h"

#include <fmt/format.h>

#include "ipw/base/hash.h"

namespace ipw::evaluation {
namespace {

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

}  // namespace

std::string cut_middle(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  std::size_t head = most / 2, tail = text.size() - most / 2;
  while (head > 0 && continues(text[head])) --head;
  while (tail < text.size() && continues(text[tail])) ++tail;
  return fmt::format("{}\n[... {} bytes left out here ...]\n{}", text.substr(0, head), tail - head,
                     text.substr(tail));
}

std::string fenced(std::string_view label, std::string_view text, std::size_t most) {
  const auto mark = sha256_hex(text).substr(0, 16);
  return fmt::format("<<{0} {1}>>\n{2}\n<</{0} {1}>>\n", label, mark, cut_middle(text, most));
}

}  // namespace ipw::evaluation
