// SPDX-License-Identifier: Apache-2.0
#include "ipw/evaluation/judge_prompt.h"

#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>

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

std::string_view bare_question(const Task& task) {
  return task.question.empty() ? task.problem : task.question;
}

std::optional<std::vector<std::pair<std::size_t, Json>>> numbered_rows(const std::string& reply,
                                                                       const char* key, std::size_t first,
                                                                       std::size_t last) {
  const auto object = parse_json(reply);
  if (!object || !object->is_object()) return std::nullopt;
  const auto list = object->find(key);
  if (list == object->end() || !list->is_array()) return std::nullopt;
  std::vector<std::pair<std::size_t, Json>> out;
  for (const auto& row : *list) {
    if (!row.is_object() || !row.contains("number") || !row["number"].is_number_integer()) continue;
    const auto number = row["number"].get<std::int64_t>();
    if (std::cmp_greater_equal(number, first) && std::cmp_less_equal(number, last))
      out.emplace_back(static_cast<std::size_t>(number), row);
  }
  return out;
}

}  // namespace ipw::evaluation
