// SPDX-License-Identifier: Apache-2.0
// The tasks of an agents' run in the forms that other programs read. All are made from the journal, so that
// they can be made again at any time.
#pragma once
#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace ipw::records {

struct ExportEntry {
  std::string_view name, summary;
  /// Write the files whole, in the place of older ones; returns the number of tasks. Throws Error.
  std::size_t (*write)(const std::filesystem::path& folder);
};
/// The registry: exports.cpp.
std::span<const ExportEntry> exports();

/// The rows that a list with commas names, in any case and with blanks around. Throws Error(Usage) for a
/// name that no row has (defect C3).
std::vector<const ExportEntry*> find_exports(std::string_view list);

}  // namespace ipw::records
