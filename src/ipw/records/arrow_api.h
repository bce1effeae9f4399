// SPDX-License-Identifier: Apache-2.0
// What the module "arrow" exports. No Arrow type passes through here.
#pragma once
#include <filesystem>
#include <memory>
#include <vector>

#include "ipw/records/rows.h"

namespace ipw::records {

struct ArrowApi {
  /// Read files of one schema one after another; what each is, its first bytes tell.
  std::unique_ptr<RowReader> (*open_files)(const std::vector<std::filesystem::path>& files);
  std::unique_ptr<RowWriter> (*write_stream)(const std::filesystem::path& file,
                                             const std::vector<Column>& columns);
};

}  // namespace ipw::records
