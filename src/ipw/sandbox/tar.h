// SPDX-License-Identifier: Apache-2.0
// Files as a tar, the form in which a container engine takes and gives them. libarchive stays behind this
// header (module "archive"). Thread-safe.
#pragma once
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ipw::sandbox {

/// A tar with one file or a folder with all below it, to be found under the name `to` ("" for what is in the
/// folder). Links stay links; sockets and devices are left out; the owner is root. Throws Error, also for
/// more than `most` bytes.
std::string tar_of(const std::filesystem::path& from, const std::string& to, std::size_t most);
/// A tar of these files and folders of a folder, each by itself, under their names relative to it.
std::string tar_of_some(const std::filesystem::path& folder, const std::vector<std::string>& names,
                        std::size_t most);
/// A tar with one file of this content.
std::string tar_of_text(const std::string& to, std::string_view content, int mode = 0644);

/// The first entry of a tar.
struct TarEntry {
  std::string content;
  std::string link;  ///< where a symbolic link points
  bool is_file = false;
};
/// Absent for an empty tar. Throws Error(Format), also for a file of more than `most` bytes.
std::optional<TarEntry> first_in_tar(std::string_view tar, std::size_t most);

}  // namespace ipw::sandbox
