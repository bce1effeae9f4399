// SPDX-License-Identifier: Apache-2.0
#include "ipw/sandbox/zip.h"

#include "ipw/base/module.h"
#include "ipw/sandbox/archive_api.h"

namespace ipw::sandbox {

std::optional<std::string> zip_member(std::string_view zip, const std::string& name,
                                      const ZipLimits& limits) {
  return module_api<ArchiveApi>("archive").zip_member(zip, name, limits);
}

}  // namespace ipw::sandbox
