// SPDX-License-Identifier: Apache-2.0
// The journals of several runs as one.
#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace ipw::records {

struct JournalPart {
  std::filesystem::path file;
  std::string name;  ///< as messages call it
};

/// Write one line for each query of the parts, amendments joined, sorted by index. A query that stands in
/// several parts with the same content is written once. The order of the parts makes no difference. Memory
/// does not grow with the runs, nor with the number of parts: more than `at_once` are joined in rounds,
/// beside `into`. Returns the number of lines that were broken and left out. Throws Error(Usage) that names
/// the queries whose content differs, and the parts that they are in.
std::size_t merge_journals(const std::vector<JournalPart>& parts, const std::filesystem::path& into,
                           std::size_t at_once = 32);

}  // namespace ipw::records
