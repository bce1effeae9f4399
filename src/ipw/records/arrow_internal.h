// SPDX-License-Identifier: Apache-2.0
// Shared by the files of the module "arrow"; nobody else includes it.
#pragma once
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ipw/base/error.h"
#include "ipw/records/rows.h"

namespace ipw::records {

std::unique_ptr<RowReader> open_arrow_files(const std::vector<std::filesystem::path>& files);
std::unique_ptr<RowWriter> write_arrow_file(const std::filesystem::path& file,
                                            const std::vector<Column>& columns);

inline void check(const arrow::Status& status, const std::filesystem::path& file) {
  if (status.ok()) return;
  const auto code = status.IsIOError() ? ErrorCode::Unavailable : ErrorCode::Format;
  throw Error(code, file.string() + ": " + status.ToString());
}

template <class T>
T take(arrow::Result<T> result, const std::filesystem::path& file) {
  check(result.status(), file);
  return std::move(result).ValueUnsafe();
}

}  // namespace ipw::records
