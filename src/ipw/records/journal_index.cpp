// SPDX-License-Identifier: Apache-2.0
#include "ipw/records/journal_index.h"

#include <nlohmann/json.hpp>

#include "ipw/base/log.h"
#include "ipw/records/record_json.h"

namespace ipw::records {

std::size_t scan_journal(const std::filesystem::path& path, const JournalLine& take) {
  LineFile file(path);
  std::size_t broken = 0;
  std::uint64_t offset = 0;
  while (const auto line = file.at(offset)) {
    const auto json = parse_json(line->text);
    const bool usable = line->whole && json && json->is_object();
    if (usable) take(*json, line->text, offset);
    if (!usable && !line->text.empty()) ++broken;
    offset = line->next;
  }
  return broken;
}

void JournalIndex::add(const Json& line, std::uint64_t offset) {
  const Json& type = member(line, "type");
  const Json& index = member(line, "index");
  const bool is_query = type == "query";
  if (!index.is_number_integer() || (!is_query && type != "energy" && type != "evaluation")) return;
  entries_.add({index.get<std::int64_t>(), 2 * offset + (is_query ? 1 : 0)});
}

JournalReader::JournalReader(const std::filesystem::path& file, JournalIndex index)
    : queries_(file), amendments_(file), index_(std::move(index)) {
  advance();
}

void JournalReader::advance() {
  JournalIndex::Entry entry{};
  at_ = index_.next(entry) ? std::optional(entry) : std::nullopt;
}

void JournalReader::join(Json& merged, LineFile& file, std::uint64_t offset) {
  const auto line = file.at(offset);
  auto json = line ? parse_json(line->text) : Json();
  if (!json || !json->is_object()) return;
  if (merged.is_null()) {
    merged = std::move(*json);
  } else {
    merged.update(*json);
  }
}

std::optional<Json> JournalReader::merge_next() {
  while (at_) {
    const auto index = at_->index;
    std::optional<std::uint64_t> query;  // read only when nothing replaces it
    Json merged;
    bool any = false;
    for (; at_ && at_->index == index; advance()) {
      if (at_->is_query()) {
        merged = Json();
        query = at_->offset();
        any = true;
      } else if (any) {
        if (query) join(merged, queries_, *query);
        query.reset();
        join(merged, amendments_, at_->offset());
      }
    }
    if (query) join(merged, queries_, *query);
    if (any) return merged;
  }
  return std::nullopt;
}

bool JournalReader::next(QueryRecord& record) {
  while (const auto merged = merge_next()) {
    try {
      record = query_record_from_json(*merged);
      return true;
    } catch (const Error& e) {
      ++broken_;
      log::warning("a journal line is skipped: {}", e.what());
    }
  }
  return false;
}

}  // namespace ipw::records
