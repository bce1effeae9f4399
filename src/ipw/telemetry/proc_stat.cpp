// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/proc_stat.h"

#include <algorithm>
#include <array>

#include "ipw/base/text.h"

namespace ipw::telemetry {

std::optional<CpuTimes> parse_cpu_times(std::string_view proc_stat) {
  const std::string_view line = proc_stat.substr(0, proc_stat.find('\n'));
  if (!line.starts_with("cpu ")) return std::nullopt;
  std::array<std::int64_t, 8> fields{};  // user nice system idle iowait irq softirq steal
  std::size_t n = 0;
  for (const std::string_view word : split(line.substr(4), ' ')) {
    if (word.empty()) continue;
    const auto value = parse_int(word);
    if (!value) return std::nullopt;
    if (n < fields.size()) fields[n++] = *value;
  }
  if (n < 4) return std::nullopt;
  CpuTimes out;
  out.busy = fields[0] + fields[1] + fields[2] + fields[5] + fields[6];
  out.total = out.busy + fields[3] + fields[4] + fields[7];
  return out;
}

std::optional<double> busy_share(const CpuTimes& before, const CpuTimes& after) {
  const auto total = after.total - before.total;
  if (total <= 0) return std::nullopt;
  return std::clamp(static_cast<double>(after.busy - before.busy) / static_cast<double>(total), 0.0, 1.0);
}

}  // namespace ipw::telemetry
