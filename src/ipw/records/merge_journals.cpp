// SPDX-License-Identifier: Apache-2.0
#include "ipw/records/merge_journals.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/text.h"
#include "ipw/records/journal_index.h"
#include "ipw/records/run_folder.h"

namespace ipw::records {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMostNamed = 10;

/// The queries of one journal in order, as the line that the merged one would have.
class PartReader {
 public:
  PartReader(const JournalPart& part, const fs::path& scratch) : name_(part.name) {
    JournalIndex index(scratch);
    broken_ = scan_journal(part.file, [&](const Json& line, std::string_view, std::uint64_t offset) {
      index.add(line, offset);
    });
    index.sort();
    reader_ = std::make_unique<JournalReader>(part.file, std::move(index));
    advance();
  }

  void advance() {
    QueryRecord record;
    at_end_ = !reader_->next(record);
    if (at_end_) return;
    index_ = record.index;
    id_ = record.query_id;
    Json line = {{"type", "query"}, {"index", record.index}};
    line.update(to_json(record));
    line_ = dump_json(line) + "\n";
  }

  bool at_end() const { return at_end_; }
  std::int64_t index() const { return index_; }
  const std::string& id() const { return id_; }
  const std::string& line() const { return line_; }
  const std::string& name() const { return name_; }
  std::size_t broken() const { return broken_ + reader_->broken(); }

 private:
  std::string name_;
  std::unique_ptr<JournalReader> reader_;
  std::size_t broken_ = 0;
  bool at_end_ = false;
  std::int64_t index_ = 0;
  std::string id_, line_;
};

class Conflicts {
 public:
  void add(const PartReader& first, const PartReader& other) {
    if (++count_ <= kMostNamed)
      named_.push_back(
          fmt::format("{} (index {}) in {} and {}", first.id(), first.index(), first.name(), other.name()));
  }
  void check() const {
    if (count_ == 0) return;
    const auto more = count_ > named_.size() ? fmt::format(" and {} more", count_ - named_.size()) : "";
    throw Error(ErrorCode::Usage,
                fmt::format("{} queries stand in two parts with different content: {}{}", count_,
                            join(named_, ", "), more),
                "a query belongs to one shard; leave out the part that is not of this run");
  }

 private:
  std::size_t count_ = 0;
  std::vector<std::string> named_;
};

const PartReader* lowest(const std::vector<std::unique_ptr<PartReader>>& readers) {
  const PartReader* out = nullptr;
  for (const auto& reader : readers)
    if (!reader->at_end() && (out == nullptr || reader->index() < out->index())) out = reader.get();
  return out;
}

std::size_t merge_round(const std::vector<JournalPart>& parts, const fs::path& into) {
  std::vector<std::unique_ptr<PartReader>> readers;
  for (const auto& part : parts) readers.push_back(std::make_unique<PartReader>(part, into.parent_path()));
  fs::remove(into);
  AppendFile out(into);
  Conflicts conflicts;
  while (const auto* first = lowest(readers)) {
    const auto index = first->index();
    out.append(first->line());
    for (const auto& reader : readers)
      if (!reader->at_end() && reader->index() == index && reader->line() != first->line())
        conflicts.add(*first, *reader);
    for (const auto& reader : readers)
      if (!reader->at_end() && reader->index() == index) reader->advance();
  }
  conflicts.check();
  out.sync();
  std::size_t broken = 0;
  for (const auto& reader : readers) broken += reader->broken();
  return broken;
}

/// One journal, beside `into`, that is removed when it is no longer needed.
struct Temporary {
  explicit Temporary(fs::path file) : path(std::move(file)) {}
  ~Temporary() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  fs::path path;
};

}  // namespace

std::size_t merge_journals(const std::vector<JournalPart>& parts, const fs::path& into, std::size_t at_once) {
  if (parts.size() <= at_once) return merge_round(parts, into);
  std::vector<std::unique_ptr<Temporary>> rounds;
  std::vector<JournalPart> joined;
  std::size_t broken = 0;
  for (std::size_t i = 0; i < parts.size(); i += at_once) {
    const auto end = std::min(parts.size(), i + at_once);
    rounds.push_back(std::make_unique<Temporary>(into.string() + fmt::format(".{}", rounds.size())));
    broken += merge_round(
        {parts.begin() + static_cast<std::ptrdiff_t>(i), parts.begin() + static_cast<std::ptrdiff_t>(end)},
        rounds.back()->path);
    joined.push_back({rounds.back()->path, fmt::format("{} to {}", parts[i].name, parts[end - 1].name)});
  }
  return broken + merge_journals(joined, into, at_once);
}

}  // namespace ipw::records
