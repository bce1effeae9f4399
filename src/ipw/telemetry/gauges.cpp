// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/gauges.h"

#include <algorithm>
#include <cmath>

#include "ipw/telemetry/names.h"
#include "ipw/telemetry/window.h"

namespace ipw::telemetry {

namespace {

constexpr auto kKept = std::chrono::hours(1) + std::chrono::minutes(5);
constexpr auto kInFull = std::chrono::minutes(5);
constexpr auto kSlot = std::chrono::seconds(1);
constexpr auto kFresh = std::chrono::seconds(1);
/// A device that has not told a gauge for so long is left out of the sum over the devices.
constexpr auto kAlive = std::chrono::seconds(5);

/// Tell whether a domain is a part (an instance, a die) of another one that tells the same gauge.
template <class Devices>
bool is_part(const Devices& devices, std::uint32_t domain, const DomainList& domains) {
  if (domain >= domains.size() || domains[domain].parent.empty()) return false;
  return std::ranges::any_of(devices, [&](const auto& other) {
    return other.first < domains.size() && domains[other.first].name == domains[domain].parent;
  });
}

}  // namespace

void GaugeHistory::feed(Instant at, double value) {
  if (!std::isfinite(value)) return;
  if (!recent_.empty()) at = std::max(at, recent_.back().at);
  recent_.push_back({at, static_cast<float>(value)});
  while (recent_.front().at < at - kInFull) {
    retire(recent_.front());
    recent_.pop_front();
  }
  while (!slots_.empty() && slots_.front().begin < at - kKept) slots_.pop_front();
}

void GaugeHistory::retire(const Value& value) {
  if (slots_.empty() || value.at - slots_.back().begin >= kSlot) {
    slots_.push_back({value.at, value.value, value.value, value.value, 1});
    return;
  }
  Slot& slot = slots_.back();
  ++slot.count;
  slot.mean += (value.value - slot.mean) / static_cast<float>(slot.count);
  slot.low = std::min(slot.low, value.value);
  slot.high = std::max(slot.high, value.value);
}

std::optional<records::Stats> GaugeHistory::window(Instant begin, Instant end) const {
  std::vector<double> inside;
  double low = INFINITY, high = -INFINITY;
  for (auto slot = std::ranges::lower_bound(slots_, begin, {}, &Slot::begin);
       slot != slots_.end() && slot->begin < end; ++slot) {
    inside.insert(inside.end(), slot->count, static_cast<double>(slot->mean));
    low = std::min(low, static_cast<double>(slot->low));
    high = std::max(high, static_cast<double>(slot->high));
  }
  auto from = std::ranges::lower_bound(recent_, begin, {}, &Value::at);
  const auto to = std::ranges::lower_bound(recent_, end, {}, &Value::at);
  const bool fresh = from != recent_.begin() && begin - std::prev(from)->at <= kFresh;
  if (from == to && inside.empty() && fresh) --from;
  for (; from != to; ++from) inside.push_back(static_cast<double>(from->value));
  auto stats = describe(std::move(inside));
  if (stats) {
    stats->min = std::min(stats->min, low);
    stats->max = std::max(stats->max, high);
  }
  return stats;
}

bool adds_up(Gauge gauge) {
  return gauge == Gauge::CpuMemoryMb || gauge == Gauge::GpuMemoryMb || gauge == Gauge::GpuMemoryTotalMb ||
         gauge == Gauge::PowerLimit;
}

void GaugeBoard::feed(const std::vector<GaugeReading>& gauges, const DomainList& domains) {
  for (auto at = gauges.begin(); at != gauges.end(); ++at) {
    const auto same = [&](const GaugeReading& r) { return r.gauge == at->gauge && r.domain == at->domain; };
    if (!std::isfinite(at->value) || std::any_of(gauges.begin(), at, same)) continue;
    double sum = 0;
    int count = 0;
    for (auto other = at; other != gauges.end(); ++other) {
      if (!same(*other) || !std::isfinite(other->value)) continue;
      sum += other->value;
      ++count;
    }
    const auto gauge = static_cast<std::size_t>(at->gauge);
    Device& device = devices_.at(gauge)[at->domain];
    device.value = adds_up(at->gauge) ? sum : sum / count;
    device.at = std::max(device.at, at->mid);
    if (at->domain != GaugeReading::kMachine) device.history.feed(at->mid, device.value);
  }
  for (std::size_t gauge = 0; gauge < kGauges; ++gauge) {
    const auto last = std::find_if(gauges.rbegin(), gauges.rend(), [&](const GaugeReading& r) {
      return static_cast<std::size_t>(r.gauge) == gauge;
    });
    if (last != gauges.rend()) combine(gauge, last->mid, domains);
  }
}

void GaugeBoard::combine(std::size_t gauge, Instant at, const DomainList& domains) {
  double sum = 0;
  int count = 0;
  for (const auto& [domain, device] : devices_[gauge]) {
    if (at - device.at > kAlive || is_part(devices_[gauge], domain, domains)) continue;
    sum += device.value;
    ++count;
  }
  if (count > 0) all_[gauge].feed(at, adds_up(static_cast<Gauge>(gauge)) ? sum : sum / count);
}

std::optional<records::Stats> GaugeBoard::window(Gauge gauge, Instant begin, Instant end) const {
  return all_[static_cast<std::size_t>(gauge)].window(begin, end);
}

std::vector<records::DeviceGauge> GaugeBoard::devices(Instant begin, Instant end,
                                                      const DomainList& domains) const {
  std::vector<records::DeviceGauge> out;
  for (std::size_t gauge = 0; gauge < kGauges; ++gauge) {
    for (const auto& [domain, device] : devices_[gauge]) {
      if (domain >= domains.size()) continue;
      if (const auto stats = device.history.window(begin, end)) {
        out.push_back({domains[domain].name, domains[domain].device,
                       std::string(to_string(static_cast<Gauge>(gauge))), *stats});
      }
    }
  }
  return out;
}

std::optional<double> GaugeBoard::last(Gauge gauge, std::uint32_t domain, Instant now,
                                       Nanoseconds age) const {
  const Devices& devices = devices_[static_cast<std::size_t>(gauge)];
  const auto device = devices.find(domain);
  if (device == devices.end() || now - device->second.at > age) return std::nullopt;
  return device->second.value;
}

}  // namespace ipw::telemetry
