// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/collectors/amd_dies.h"

namespace ipw::telemetry {

std::vector<std::optional<std::size_t>> pair_dies(const std::vector<Die>& dies) {
  std::vector<std::optional<std::size_t>> out(dies.size());
  std::vector<bool> taken(dies.size(), false);
  const auto take = [&](std::size_t second, std::size_t first) {
    if (out[second] || first >= dies.size() || dies[first].second || taken[first]) return;
    out[second] = first;
    taken[first] = true;
  };
  for (std::size_t i = 0; i < dies.size(); ++i)
    if (dies[i].second && i > 0) take(i, i - 1);
  for (std::size_t i = 0; i < dies.size(); ++i)
    if (dies[i].second) take(i, i + 1);
  return out;
}

bool StuckWatch::feed(Instant at, double joules, std::optional<double> watts) {
  constexpr auto kStill = std::chrono::seconds(2);
  constexpr double kFlowed = 10;
  if (joules_ != joules) {
    joules_ = joules;
    moved_ = last_ = at;
    flowed_joules_ = 0;
    return false;
  }
  flowed_joules_ += watts.value_or(0) * to_seconds(at - last_);
  last_ = at;
  return at - moved_ >= kStill && flowed_joules_ >= kFlowed;
}

}  // namespace ipw::telemetry
