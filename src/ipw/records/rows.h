// SPDX-License-Identifier: Apache-2.0
// Tables on disk as streams of JSON rows. Arrow and Parquet stay behind this header (module "arrow").
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ipw/base/json.h"

namespace ipw::records {

enum class RowType { Null, Bool, Int64, Double, String, Struct, List };

/// A column, or a field of a struct column. A list has one child, its element.
struct Column {
  std::string name;
  RowType type = RowType::Null;
  std::vector<Column> children;
};

/// Widen a column so that a value fits: null < bool, null < int64 < double; any other mixture becomes a
/// string (JSON text); struct children are merged by name. Nesting beyond 16 levels and structs of more than
/// 1,000 keys become strings.
void widen(Column& column, const Json& value);

/// Give rows one after another. One thread at a time.
class RowReader {
 public:
  virtual ~RowReader() = default;
  virtual bool next(Json& row) = 0;  ///< false at the end; throws Error(Format) on a broken file
  virtual const std::vector<Column>& columns() const = 0;
};

/// Take rows one after another, in constant memory. One thread at a time.
class RowWriter {
 public:
  virtual ~RowWriter() = default;
  virtual void append(const Json& row) = 0;
  virtual void close() = 0;                 ///< the file is whole only after this
  virtual std::uint64_t bytes() const = 0;  ///< of the file so far, buffered rows estimated
};

/// Open a table by what it is: Arrow IPC stream or file, Parquet, or a `save_to_disk` folder. Throws Error.
std::unique_ptr<RowReader> open_rows(const std::filesystem::path& path);
/// Write an Arrow IPC stream with these columns; rows are read by name, absent keys become null.
std::unique_ptr<RowWriter> write_arrow_stream(const std::filesystem::path& file,
                                              const std::vector<Column>& columns);

}  // namespace ipw::records
