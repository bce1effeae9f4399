// SPDX-License-Identifier: Apache-2.0
#include "ipw/records/task_exports.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/base/files.h"
#include "ipw/base/hash.h"
#include "ipw/records/failure_kinds.h"
#include "ipw/records/journal_index.h"

namespace ipw::records {

std::size_t for_each_task(const std::filesystem::path& folder,
                          const std::function<void(const QueryRecord&)>& take) {
  const auto journal = folder / kJournalName;
  if (!std::filesystem::exists(journal)) return 0;
  JournalIndex index(folder);
  scan_journal(journal,
               [&](const Json& line, std::string_view, std::uint64_t offset) { index.add(line, offset); });
  index.sort();
  JournalReader reader(journal, std::move(index));
  std::size_t count = 0;
  for (QueryRecord record; reader.next(record); record = {}) {
    const bool left_out = record.failure && record.failure->kind == kHarnessFailure;
    if (record.spans.empty() && !left_out) continue;
    take(record);
    ++count;
  }
  return count;
}

std::string session_of(const std::filesystem::path& folder) {
  return sha256_hex(std::filesystem::weakly_canonical(folder).filename().string()).substr(0, 32);
}

std::size_t write_task_lines(const std::filesystem::path& folder, const std::string& name,
                             const std::function<Json(const QueryRecord&)>& line) {
  const auto temporary = folder / ("." + name + ".tmp");
  std::filesystem::remove(temporary);
  std::size_t count = 0;
  {
    AppendFile file(temporary);
    count = for_each_task(folder, [&](const QueryRecord& r) { file.append(dump_json(line(r)) + "\n"); });
    file.sync();
  }
  if (count > 0)
    std::filesystem::rename(temporary, folder / name);
  else
    std::filesystem::remove(temporary);
  return count;
}

std::vector<Turn> turns_of(const std::vector<Span>& spans) {
  std::vector<const Span*> in_order;
  for (const auto& span : spans)
    if (span.parent) in_order.push_back(&span);
  std::ranges::stable_sort(in_order, {}, &Span::begin_seconds);
  std::vector<Turn> turns;
  for (const auto* span : in_order) {
    if (span->kind == "model") turns.push_back({span, {}, {}});
    if (turns.empty()) continue;
    if (span->kind == "tool") turns.back().tools.push_back(span);
    if (span->kind == "submodel") turns.back().sub_models.push_back(span);
  }
  return turns;
}

}  // namespace ipw::records
