// SPDX-License-Identifier: Apache-2.0
// Sizes as people write them.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace ipw {

/// "512m", "2G", "1.5gb", "64 MiB" or bytes, with powers of 1024; absent where it is none of them, below
/// zero, or 1e18 and more.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

}  // namespace ipw
