// SPDX-License-Identifier: Apache-2.0
#include "ipw/records/dataset_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/base/files.h"
#include "ipw/records/dataset_files.h"

namespace ipw::records {
namespace {

namespace fs = std::filesystem;

void remove_other_shards(const fs::path& folder, const std::vector<std::string>& shards) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto name = entry.path().filename().string();
    const bool old = name.starts_with("data-") && name.ends_with(".arrow") &&
                     std::ranges::find(shards, name) == shards.end();
    if (old || (name.starts_with(".data-") && name.ends_with(".arrow.tmp"))) fs::remove(entry.path());
  }
}

}  // namespace

DatasetWriter::DatasetWriter(fs::path folder, std::vector<Column> columns, std::size_t max_shard_bytes)
    : folder_(std::move(folder)), columns_(std::move(columns)), max_bytes_(max_shard_bytes) {
  open();
}

void DatasetWriter::append(const Json& row) {
  if (shard_rows_ > 0 && shard_->bytes() >= max_bytes_) {
    close();
    open();
  }
  shard_->append(row);
  ++shard_rows_;
}

void DatasetWriter::publish(const std::string& description, const std::string& fingerprint,
                            std::uint64_t journal_bytes) {
  const auto shards = rename_shards();
  write_file_atomic(folder_ / "dataset_info.json", pretty_json(dataset_info_json(columns_, description)));
  write_file_atomic(folder_ / "state.json", pretty_json(state_json(shards, fingerprint, journal_bytes)));
  remove_other_shards(folder_, shards);
}

fs::path DatasetWriter::temporary(std::size_t shard) const {
  return folder_ / fmt::format(".data-{:05}.arrow.tmp", shard);
}

void DatasetWriter::open() {
  shard_ = write_arrow_stream(temporary(shards_), columns_);
  shard_rows_ = 0;
  ++shards_;
}

void DatasetWriter::close() {
  shard_->close();
  AppendFile(temporary(shards_ - 1)).sync();
}

std::vector<std::string> DatasetWriter::rename_shards() {
  close();
  std::vector<std::string> names;
  for (std::size_t i = 0; i < shards_; ++i) {
    names.push_back(fmt::format("data-{:05}-of-{:05}.arrow", i, shards_));
    fs::rename(temporary(i), folder_ / names.back());
  }
  return names;
}

}  // namespace ipw::records
