// SPDX-License-Identifier: Apache-2.0
// Two passes over the journal: the first finds the lines and the type of dataset_metadata, the second writes.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/hash.h"
#include "ipw/base/log.h"
#include "ipw/records/dataset_files.h"
#include "ipw/records/dataset_row.h"
#include "ipw/records/journal_index.h"
#include "ipw/records/record_json.h"
#include "ipw/records/run_folder.h"

namespace ipw::records {
namespace {

namespace fs = std::filesystem;

struct FirstPass {
  JournalIndex index;
  Column metadata{"dataset_metadata", RowType::Struct, {}};
  std::string sha256;
  std::uint64_t bytes = 0;
};

FirstPass scan(const fs::path& journal) {
  FirstPass pass{.index = JournalIndex(journal.parent_path()), .sha256 = {}};
  Sha256 hash;
  pass.bytes = fs::file_size(journal);
  const auto broken =
      scan_journal(journal, [&](const Json& line, std::string_view text, std::uint64_t offset) {
        pass.index.add(line, offset);
        hash.update(text);
        const Json& metadata = member(line, "dataset_metadata");
        if (metadata.is_string())
          widen(pass.metadata, metadata_object(metadata.get_ref<const std::string&>()));
      });
  if (broken > 0) log::warning("{}: {} broken lines are left out", journal.string(), broken);
  pass.index.sort();
  pass.sha256 = hash.hex();
  return pass;
}

/// Rows into numbered files of a bounded size, under temporary names until all are whole.
class ShardWriter {
 public:
  ShardWriter(fs::path folder, std::vector<Column> columns, std::size_t max_bytes)
      : folder_(std::move(folder)), columns_(std::move(columns)), max_bytes_(max_bytes) {
    open();
  }

  void append(const Json& row) {
    if (shard_rows_ > 0 && shard_->bytes() >= max_bytes_) {
      close();
      open();
    }
    shard_->append(row);
    ++shard_rows_;
  }

  /// Give the shards their names; the caller then makes them count by writing state.json.
  std::vector<std::string> publish() {
    close();
    std::vector<std::string> names;
    for (std::size_t i = 0; i < shards_; ++i) {
      names.push_back(fmt::format("data-{:05}-of-{:05}.arrow", i, shards_));
      fs::rename(temporary(i), folder_ / names.back());
    }
    return names;
  }

 private:
  fs::path temporary(std::size_t shard) const {
    return folder_ / fmt::format(".data-{:05}.arrow.tmp", shard);
  }

  void open() {
    shard_ = write_arrow_stream(temporary(shards_), columns_);
    shard_rows_ = 0;
    ++shards_;
  }

  void close() {
    shard_->close();
    AppendFile(temporary(shards_ - 1)).sync();
  }

  fs::path folder_;
  std::vector<Column> columns_;
  std::size_t max_bytes_;
  std::unique_ptr<RowWriter> shard_;
  std::size_t shards_ = 0;
  std::size_t shard_rows_ = 0;
};

/// Remove shards of an earlier finish and what a killed one left.
void remove_other_shards(const fs::path& folder, const std::vector<std::string>& shards) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto name = entry.path().filename().string();
    const bool old = name.starts_with("data-") && name.ends_with(".arrow") &&
                     std::ranges::find(shards, name) == shards.end();
    if (old || (name.starts_with(".data-") && name.ends_with(".arrow.tmp"))) fs::remove(entry.path());
  }
}

}  // namespace

std::size_t finish_dataset(const fs::path& folder, const FinishOptions& options) {
  const auto journal = folder / kJournalName;
  if (!fs::exists(journal))
    throw Error(ErrorCode::NotFound, fmt::format("{} has no {}", folder.string(), kJournalName),
                "there is nothing to finish");
  auto pass = scan(journal);
  const auto columns = dataset_columns(options.model, pass.metadata);
  ShardWriter writer(folder, columns, options.max_shard_bytes);
  JournalReader reader(journal, std::move(pass.index));
  QueryRecord record;
  std::size_t rows = 0;
  for (; reader.next(record); ++rows)
    writer.append(dataset_row(record, options.model,
                              options.machine_of ? options.machine_of(record.index) : options.machine));
  const auto shards = writer.publish();
  write_file_atomic(folder / "dataset_info.json",
                    pretty_json(dataset_info_json(columns, options.description)));
  write_file_atomic(folder / "state.json",
                    pretty_json(state_json(shards, pass.sha256.substr(0, 16), pass.bytes)));
  remove_other_shards(folder, shards);
  return rows;
}

}  // namespace ipw::records
