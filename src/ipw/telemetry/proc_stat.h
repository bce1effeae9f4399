// SPDX-License-Identifier: Apache-2.0
// CPU time of the whole machine, from the first line of /proc/stat (proc(5)).
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace ipw::telemetry {

struct CpuTimes {
  std::int64_t busy = 0;   ///< user, nice, system, irq, softirq; guest time is within user
  std::int64_t total = 0;  ///< busy, idle, iowait, steal
};
/// Read "cpu  10 20 ..."; absent when the line is not of that form.
std::optional<CpuTimes> parse_cpu_times(std::string_view proc_stat);

/// Share of the CPUs that was busy between two readings, 0..1. Stolen time counts as not busy: another guest
/// had the CPU. Absent when no clock tick went by.
std::optional<double> busy_share(const CpuTimes& before, const CpuTimes& after);

}  // namespace ipw::telemetry
