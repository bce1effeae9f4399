// SPDX-License-Identifier: Apache-2.0
#include "ipw/records/journal_index.h"

#include <algorithm>
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
  entries_.push_back({index.get<std::int64_t>(), 2 * offset + (is_query ? 1 : 0)});
}

void JournalIndex::sort() {
  std::ranges::sort(entries_, [](const Entry& a, const Entry& b) {
    return a.index != b.index ? a.index < b.index : a.mark < b.mark;
  });
  // An amendment counts only after a query line of its index; a later query line (a retry) replaces what was
  // before it.
  std::vector<Entry> kept;
  for (auto it = entries_.begin(); it != entries_.end();) {
    const auto end = std::find_if(it, entries_.end(), [&](const Entry& e) { return e.index != it->index; });
    auto last_query = end;
    for (auto e = it; e != end; ++e)
      if (e->is_query()) last_query = e;
    if (last_query != end) ++queries_;
    kept.insert(kept.end(), last_query, end);
    it = end;
  }
  entries_ = std::move(kept);
}

JournalReader::JournalReader(const std::filesystem::path& file, JournalIndex index)
    : file_(file), index_(std::move(index)) {}

Json JournalReader::merge_next() {
  Json merged;
  const auto index = index_.entries_[at_].index;
  for (; at_ < index_.entries_.size() && index_.entries_[at_].index == index; ++at_) {
    const auto line = file_.at(index_.entries_[at_].offset());
    auto json = line ? parse_json(line->text) : Json();
    if (!json || !json->is_object()) continue;
    if (merged.is_null()) {
      merged = std::move(*json);
    } else {
      merged.update(*json);
    }
  }
  return merged;
}

bool JournalReader::next(QueryRecord& record) {
  while (at_ < index_.entries_.size()) {
    try {
      record = query_record_from_json(merge_next());
      return true;
    } catch (const Error& e) {
      ++broken_;
      log::warning("a journal line is skipped: {}", e.what());
    }
  }
  return false;
}

}  // namespace ipw::records
