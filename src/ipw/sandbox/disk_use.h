// SPDX-License-Identifier: Apache-2.0
// What a folder takes on disk.
#pragma once
#include <cstdint>
#include <filesystem>

namespace ipw::sandbox {

/// Bytes that a folder and all below it take, counted until they are more than `most`: the blocks of each
/// file and at least 4 KiB for each name, so that many empty files count as well. A file of several names
/// counts once. Links are not followed, and what cannot be read counts as its name. Files that are deleted
/// but still open are not seen. Uses one file descriptor at a time; safe where the folder changes meanwhile.
std::uint64_t disk_use_of(const std::filesystem::path& folder, std::uint64_t most);

}  // namespace ipw::sandbox
