// SPDX-License-Identifier: Apache-2.0
// One file out of a zip that comes from elsewhere. libarchive stays behind this header (module "archive").
// Thread-safe.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ipw::sandbox {

/// A member is unpacked no further than to the first of these.
struct ZipLimits {
  std::size_t most_bytes = std::size_t{16} << 20;
  std::size_t most_ratio = 300;  ///< of a member's size to that of the whole zip, looked at from 1 MiB on
};

/// The content of the first member of this name; absent where there is none. Nothing is written anywhere and
/// no other member is unpacked. Throws Error(Format) for bytes that are no zip, and for a member that is
/// encrypted, damaged or beyond a limit.
std::optional<std::string> zip_member(std::string_view zip, const std::string& name,
                                      const ZipLimits& limits = {});

}  // namespace ipw::sandbox
