// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/gauges.h"

#include <algorithm>
#include <cmath>

#include "ipw/telemetry/window.h"

namespace ipw::telemetry {

namespace {
constexpr auto kKept = std::chrono::hours(1) + std::chrono::minutes(5);
constexpr auto kFresh = std::chrono::seconds(1);
}  // namespace

void GaugeHistory::feed(Instant at, double value) {
  if (!std::isfinite(value)) return;
  values_.emplace_back(at, static_cast<float>(value));
  while (values_.front().first < at - kKept) values_.pop_front();
}

std::optional<records::Stats> GaugeHistory::window(Instant begin, Instant end) const {
  const auto earlier = [](const auto& entry, Instant t) { return entry.first < t; };
  auto from = std::lower_bound(values_.begin(), values_.end(), begin, earlier);
  const auto to = std::lower_bound(from, values_.end(), end, earlier);
  if (from == to && from != values_.begin() && begin - std::prev(from)->first <= kFresh) --from;
  std::vector<double> inside;
  for (; from != to; ++from) inside.push_back(static_cast<double>(from->second));
  return describe(std::move(inside));
}

bool adds_up(Gauge gauge) {
  return gauge == Gauge::CpuMemoryMb || gauge == Gauge::GpuMemoryMb || gauge == Gauge::GpuMemoryTotalMb;
}

}  // namespace ipw::telemetry
