// SPDX-License-Identifier: Apache-2.0
// What the module "archive" exports.
#pragma once
#include "ipw/sandbox/tar.h"
#include "ipw/sandbox/zip.h"

namespace ipw::sandbox {

struct ArchiveApi {
  std::string (*tar_of)(const std::filesystem::path&, const std::string&, std::size_t);
  std::string (*tar_of_some)(const std::filesystem::path&, const std::vector<std::string>&, std::size_t);
  std::string (*tar_of_text)(const std::string&, std::string_view, int);
  std::optional<TarEntry> (*first_in_tar)(std::string_view, std::size_t);
  std::optional<std::string> (*zip_member)(std::string_view, const std::string&, const ZipLimits&);
};

}  // namespace ipw::sandbox
