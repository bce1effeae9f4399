// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/records/journal_index.h"
#include "ipw/records/record_json.h"
#include "ipw/records/run_folder.h"

namespace ipw::records {
namespace {

namespace fs = std::filesystem;

/// Where the file ends after its last whole line. Reads backwards, so the cost does not depend on the file's
/// length.
std::uint64_t end_of_whole_lines(const fs::path& file, std::uint64_t size) {
  constexpr std::uint64_t kStep = std::uint64_t{1} << 20;
  LineFile lines(file);
  for (std::uint64_t start = size; start > 0;) {
    start -= std::min(start, kStep);
    std::uint64_t end = 0;
    auto line = lines.at(start);
    for (; line && line->whole; line = lines.at(end)) end = line->next;
    if (end > 0) return end;
  }
  return 0;
}

fs::path repaired(const fs::path& folder) {
  make_directories(folder);
  repair_journal(folder);
  return folder / kJournalName;
}

Json tagged(const char* type, std::int64_t index, const Json& fields) {
  Json line = {{"type", type}, {"index", index}};
  line.update(fields);
  return line;
}

}  // namespace

Journal::Journal(const fs::path& folder) : file_(repaired(folder)) {}

void Journal::append_note(const Json& line) {
  file_.append(dump_json(line) + "\n");
}

void Journal::append_query(const QueryRecord& record) {
  append_note(tagged("query", record.index, to_json(record)));
}

void Journal::append_energy(const QueryRecord& record) {
  append_note(tagged("energy", record.index, energy_to_json(record)));
}

void Journal::append_evaluation(std::int64_t index, const Evaluation& evaluation) {
  QueryRecord carrier;
  carrier.evaluation = evaluation;
  append_note(tagged("evaluation", index, {{"evaluation", to_json(carrier)["evaluation"]}}));
}

void Journal::sync() {
  file_.sync();
}

JournalState read_journal_state(const fs::path& folder) {
  JournalState state;
  if (!fs::exists(folder / kJournalName)) return state;
  state.broken_lines =
      scan_journal(folder / kJournalName, [&](const Json& line, std::string_view, std::uint64_t) {
        const Json& index = member(line, "index");
        if (member(line, "type") != "query" || !index.is_number_integer()) return;
        const auto i = index.get<std::int64_t>();
        state.finished.insert(i);
        member(line, "failure").is_null() ? void(state.failed.erase(i)) : void(state.failed.insert(i));
      });
  return state;
}

std::uint64_t repair_journal(const fs::path& folder) {
  const auto file = folder / kJournalName;
  std::error_code error;
  const auto size = fs::file_size(file, error);
  if (error) return 0;
  const auto end = end_of_whole_lines(file, size);
  if (end == size) return 0;
  fs::resize_file(file, end, error);
  if (error)
    throw Error(ErrorCode::Permission,
                fmt::format("cannot cut the half line off {}: {}", file.string(), error.message()));
  return size - end;
}

}  // namespace ipw::records
