// SPDX-License-Identifier: Apache-2.0
// Which files a benchmark is read from: the hub, or a file or folder of the user's in the published schema.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/datasets/row_stream.h"
#include "ipw/http/hub.h"

namespace ipw::datasets {

struct TableSource {
  std::string repository;       ///< dataset on the hub, OWNER/NAME
  std::string revision;         ///< branch, tag or commit
  std::filesystem::path local;  ///< instead of the hub: a table, or a folder laid out as the repository
  http::HubOptions hub;
  std::string pinned_file, pinned_sha256;  ///< checked when `revision` is the commit that was pinned
};

/// Find and load the files of one revision. Every file comes from the commit of the first one.
class TableFiles {
 public:
  explicit TableFiles(TableSource source) : source_(std::move(source)) {}

  /// The paths that a pattern names, sorted; '*' stands for any characters. Several patterns are separated by
  /// '|' and the first that names a file counts. Throws Error(NotFound) when none does, and
  /// Error(Unavailable) when a file of "-of-NNNNN" is missing.
  std::vector<std::string> list(std::string_view pattern);
  /// The local path of a file, loaded when the cache lacks it.
  std::filesystem::path fetch(const std::string& path);
  /// The same for a file that is no table: with a single table of the user's it lies in that table's folder.
  std::filesystem::path fetch_beside(const std::string& path);
  /// Read the files of a pattern one after another; each is loaded when the one before it is read. The first
  /// is opened at once.
  std::unique_ptr<RowStream> open(std::string_view pattern);

  /// The commit that was found, or the local path.
  std::string revision() const;
  bool is_local() const { return !source_.local.empty(); }
  /// Whether the user named one table, which then stands for the questions.
  bool is_single_file() const;

 private:
  std::vector<std::string> list_all(std::string_view folder) const;

  TableSource source_;
  std::string commit_;
};

/// Whether a text is what a pattern with '*' describes.
bool matches(std::string_view pattern, std::string_view text);

}  // namespace ipw::datasets
