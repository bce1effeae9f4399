// SPDX-License-Identifier: Apache-2.0
#include "ipw/sandbox/tar.h"

#include "ipw/base/module.h"
#include "ipw/sandbox/archive_api.h"

namespace ipw::sandbox {

std::string tar_of(const std::filesystem::path& from, const std::string& to, std::size_t most) {
  return module_api<ArchiveApi>("archive").tar_of(from, to, most);
}

std::string tar_of_some(const std::filesystem::path& folder, const std::vector<std::string>& names,
                        std::size_t most) {
  return module_api<ArchiveApi>("archive").tar_of_some(folder, names, most);
}

std::string tar_of_text(const std::string& to, std::string_view content, int mode) {
  return module_api<ArchiveApi>("archive").tar_of_text(to, content, mode);
}

std::optional<TarEntry> first_in_tar(std::string_view tar, std::size_t most) {
  return module_api<ArchiveApi>("archive").first_in_tar(tar, most);
}

}  // namespace ipw::sandbox
