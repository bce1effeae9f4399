// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/reference_method.h"

#include <algorithm>

namespace ipw::telemetry {

namespace {

struct Total {
  Instant at{};
  double joules = 0;
};

std::vector<Total> totals(std::span<const Reading> readings) {
  std::vector<Total> out;
  for (const Reading& reading : readings) {
    if (reading.energy_joules) {
      out.push_back({reading.mid, *reading.energy_joules});
    } else if (reading.power_watts) {
      const double before = out.empty() ? 0 : out.back().joules;
      const double seconds = out.empty() ? 0 : to_seconds(reading.mid - out.back().at);
      out.push_back({reading.mid, before + *reading.power_watts * seconds});
    }
  }
  return out;
}

std::optional<double> last_before(const std::vector<Total>& all, Instant t) {
  const auto next = std::upper_bound(all.begin(), all.end(), t,
                                     [](Instant when, const Total& total) { return when < total.at; });
  if (next == all.begin()) return std::nullopt;
  return std::prev(next)->joules;
}

}  // namespace

std::vector<std::optional<double>> reference_energies(std::span<const Reading> readings,
                                                      std::span<const QueryWindow> queries) {
  const std::vector<Total> all = totals(readings);
  std::vector<std::optional<double>> out;
  std::optional<double> before = queries.empty() ? std::nullopt : last_before(all, queries.front().begin);
  for (const QueryWindow& query : queries) {
    const std::optional<double> last = last_before(all, query.end);
    out.push_back(last && before ? std::optional(*last - *before) : std::nullopt);
    before = last;
  }
  return out;
}

}  // namespace ipw::telemetry
