// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <compare>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>

#include "ipw/base/external_sort.h"
#include "ipw/base/json.h"
#include "ipw/records/line_file.h"
#include "ipw/records/query_record.h"

namespace ipw::records {

inline constexpr const char* kJournalName = "journal.jsonl";

/// Called for every line that is a JSON object, with its text and its offset.
using JournalLine = std::function<void(const Json& line, std::string_view text, std::uint64_t offset)>;
/// Go through a journal once, in constant memory. Returns the number of broken lines, which are skipped.
std::size_t scan_journal(const std::filesystem::path& file, const JournalLine& take);

/// Where the lines of each query lie, sorted by query and then by age: 16 bytes a line, on disk where they
/// are many. Lines may come in any order.
class JournalIndex {
 public:
  struct Entry {
    std::int64_t index;
    std::uint64_t mark;  ///< twice the offset, plus one for a line of type "query"
    auto operator<=>(const Entry&) const = default;
    std::uint64_t offset() const { return mark / 2; }
    bool is_query() const { return mark % 2 == 1; }
  };

  /// Its scratch file is made in `folder`; `held` lines stay in memory.
  explicit JournalIndex(const std::filesystem::path& folder, std::size_t held = ExternalSorter<Entry>::kHeld)
      : entries_(folder, held) {}
  void add(const Json& line, std::uint64_t offset);
  /// Call once, after the last line.
  void sort() { entries_.sort(); }
  /// Give the next entry; false behind the last one.
  bool next(Entry& entry) { return entries_.next(entry); }

 private:
  ExternalSorter<Entry> entries_;
};

/// The queries of a journal in the order of their index, amended by their later lines. An amendment counts
/// only after a query line of its index; a later query line (a retry) replaces what was before it. One thread
/// at a time.
class JournalReader {
 public:
  /// Takes a sorted index.
  JournalReader(const std::filesystem::path& file, JournalIndex index);
  bool next(QueryRecord& record);
  std::size_t broken() const { return broken_; }

 private:
  /// The lines of the next query that has one, joined; nothing at the end.
  std::optional<Json> merge_next();
  static void join(Json& merged, LineFile& file, std::uint64_t offset);
  void advance();

  // An amendment lies behind its query by what ran meanwhile: two windows, each of which moves forwards.
  LineFile queries_, amendments_;
  JournalIndex index_;
  std::optional<JournalIndex::Entry> at_;
  std::size_t broken_ = 0;
};

}  // namespace ipw::records
