// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/document.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/base/text.h"

namespace ipw::tools {
namespace {

constexpr const char* kHint = "write one document per line, like {\"id\": \"a\", \"content\": \"some text\"}";

/// The text of a key. Throws std::string with what is wrong.
std::string text_of(const Json& row, const char* key) {
  const auto& value = row.at(key);
  if (!value.is_string()) throw fmt::format("\"{}\" is not a text", key);
  auto text = value.get<std::string>();
  if (trim(text).empty()) throw fmt::format("\"{}\" is empty", key);
  return text;
}

std::string id_of(const Json& row) {
  if (!row.contains("id")) throw std::string("no key \"id\"");
  return row.at("id").is_number_integer() ? row.at("id").dump() : text_of(row, "id");
}

std::string content_of(const Json& row) {
  if (row.contains("content")) return text_of(row, "content");
  if (row.contains("text")) return text_of(row, "text");
  throw std::string("no key \"content\" and no key \"text\"");
}

std::string metadata_of(const Json& row) {
  const auto it = row.find("metadata");
  if (it == row.end() || it->is_null()) return {};
  if (!it->is_object()) throw std::string("\"metadata\" is not an object");
  return dump_json(*it);
}

Document read_line(const std::string& line) {
  const auto row = parse_json(line);
  if (!row) throw row.error();
  if (!row->is_object()) throw std::string("not a JSON object");
  return {id_of(*row), content_of(*row), metadata_of(*row)};
}

}  // namespace

std::vector<Document> read_documents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(ErrorCode::NotFound, fmt::format("cannot open {}", path.string()));
  std::vector<Document> documents;
  std::unordered_map<std::string, std::size_t> line_of;
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (trim(line).empty()) continue;
    try {
      auto document = read_line(line);
      const auto [earlier, is_new] = line_of.emplace(document.id, number);
      if (!is_new) throw fmt::format("\"id\" is {}, as on line {}", document.id, earlier->second);
      documents.push_back(std::move(document));
    } catch (const std::string& problem) {
      throw Error(ErrorCode::Format, fmt::format("{}:{}: {}", path.string(), number, problem), kHint);
    }
  }
  return documents;
}

}  // namespace ipw::tools
