// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>
#include <vector>

#include "ipw/base/json.h"
#include "ipw/records/line_file.h"
#include "ipw/records/query_record.h"

namespace ipw::records {

inline constexpr const char* kJournalName = "journal.jsonl";

/// Called for every line that is a JSON object, with its text and its offset.
using JournalLine = std::function<void(const Json& line, std::string_view text, std::uint64_t offset)>;
/// Go through a journal once, in constant memory. Returns the number of broken lines, which are skipped.
std::size_t scan_journal(const std::filesystem::path& file, const JournalLine& take);

/// Where the lines of each query lie: 16 bytes a line, sorted by query and then by age.
class JournalIndex {
 public:
  void add(const Json& line, std::uint64_t offset);
  /// Call once, after the last line.
  void sort();
  /// Distinct queries that have a line of type "query".
  std::size_t queries() const { return queries_; }

 private:
  friend class JournalReader;
  struct Entry {
    std::int64_t index;
    std::uint64_t mark;  ///< twice the offset, plus one for a line of type "query"
    std::uint64_t offset() const { return mark / 2; }
    bool is_query() const { return mark % 2 == 1; }
  };
  std::vector<Entry> entries_;
  std::size_t queries_ = 0;
};

/// The queries of a journal in the order of their index, amended by their later lines. One thread at a time.
class JournalReader {
 public:
  JournalReader(const std::filesystem::path& file, JournalIndex index);
  bool next(QueryRecord& record);
  std::size_t broken() const { return broken_; }

 private:
  Json merge_next();

  LineFile file_;
  JournalIndex index_;
  std::size_t at_ = 0;
  std::size_t broken_ = 0;
};

}  // namespace ipw::records
