// SPDX-License-Identifier: Apache-2.0
// Memory in use, from /proc/meminfo (proc(5)).
#pragma once
#include <optional>
#include <string_view>

namespace ipw::telemetry {

/// MemTotal less MemAvailable in MiB; absent when the file does not tell.
std::optional<double> used_memory_mb(std::string_view meminfo);
/// MemTotal in MiB; absent when the file does not tell.
std::optional<double> total_memory_mb(std::string_view meminfo);

}  // namespace ipw::telemetry
