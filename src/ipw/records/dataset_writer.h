// SPDX-License-Identifier: Apache-2.0
// A Hugging Face dataset on disk (`save_to_disk` layout), written whole.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ipw/base/json.h"
#include "ipw/records/rows.h"

namespace ipw::records {

/// Rows into numbered files of a bounded size, under temporary names until all are whole. One thread at a
/// time.
class DatasetWriter {
 public:
  DatasetWriter(std::filesystem::path folder, std::vector<Column> columns, std::size_t max_shard_bytes);
  void append(const Json& row);
  /// Give the shards their names and make them count by dataset_info.json and state.json; shards of an
  /// earlier dataset, and what a killed writer left, are removed.
  void publish(const std::string& description, const std::string& fingerprint, std::uint64_t journal_bytes);

 private:
  std::filesystem::path temporary(std::size_t shard) const;
  void open();
  void close();
  std::vector<std::string> rename_shards();

  std::filesystem::path folder_;
  std::vector<Column> columns_;
  std::size_t max_bytes_;
  std::unique_ptr<RowWriter> shard_;
  std::size_t shards_ = 0, shard_rows_ = 0;
};

}  // namespace ipw::records
