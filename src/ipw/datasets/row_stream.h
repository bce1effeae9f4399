// SPDX-License-Identifier: Apache-2.0
// Any table file as a stream of JSON objects, each with the place where it stands.
#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "ipw/base/json.h"

namespace ipw::datasets {

/// Give rows one after another. One thread at a time.
class RowStream {
 public:
  virtual ~RowStream() = default;
  virtual bool next(Json& row) = 0;       ///< false at the end; throws Error(Format) on a broken row
  virtual std::string place() const = 0;  ///< of the last row, for messages: "file.jsonl:12"
};

/// Open by name: .jsonl, .ndjson and .json are JSON lines, .csv and .tsv are RFC 4180 with a header line,
/// everything else must be Parquet, Arrow or a `save_to_disk` folder. Throws Error(NotFound | Format).
std::unique_ptr<RowStream> open_row_stream(const std::filesystem::path& path);

}  // namespace ipw::datasets
