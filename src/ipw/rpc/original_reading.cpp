// SPDX-License-Identifier: Apache-2.0
#include "ipw/rpc/original_reading.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace ipw::rpc {
namespace {

using telemetry::Domain;
using telemetry::Gauge;
using telemetry::Method;
using telemetry::Scope;

/// A counter that stands still settles after a second; nobody waits much longer.
constexpr auto kPatience = std::chrono::milliseconds(1500);

struct PlatformRow {
  std::string_view part, platform;
};
/// A part of a collector's name and the platform it stands for.
constexpr std::array kPlatforms{PlatformRow{"nvidia", "nvidia"}, PlatformRow{"nvml", "nvidia"},
                                PlatformRow{"amd", "amd"},       PlatformRow{"rocm", "amd"},
                                PlatformRow{"apple", "macos"},   PlatformRow{"macos", "macos"},
                                PlatformRow{"jetson", "jetson"}};

bool is_modelled(const Domain& domain) {
  return domain.method == Method::Modelled;
}

std::optional<double> finite(std::optional<double> value) {
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<double> average(const std::optional<records::Stats>& stats) {
  return stats ? std::optional(stats->avg) : std::nullopt;
}

Domain original_domain(std::string name, Scope scope, bool counted, const std::string& platform) {
  Domain domain;
  domain.name = std::move(name);
  domain.scope = scope;
  domain.method = counted ? Method::Counter : Method::Integrated;
  domain.collector = "monitor:" + platform;
  domain.note = "sum over all devices of the kind, as the monitor sends it";
  return domain;
}

struct Side {
  std::optional<double> energy, power;
  bool present() const { return energy || power; }
};

Side side_of(const OriginalReading& reading, Scope scope) {
  if (scope == Scope::Accelerator) return {finite(reading.energy_joules), finite(reading.power_watts)};
  return {finite(reading.cpu_energy_joules), finite(reading.cpu_power_watts)};
}

}  // namespace

std::string platform_of(const std::vector<Domain>& domains) {
  const auto measured = [&](Scope scope) {
    return std::ranges::find_if(domains,
                                [&](const Domain& d) { return d.scope == scope && !is_modelled(d); });
  };
  if (const auto gpu = measured(Scope::Accelerator); gpu != domains.end()) {
    for (const auto& row : kPlatforms) {
      if (gpu->collector.find(row.part) != std::string::npos) return std::string(row.platform);
    }
    return gpu->collector;
  }
  return measured(Scope::Package) != domains.end() ? "rapl" : "null";
}

OriginalProjection::OriginalProjection(const telemetry::Source& source, Instant begin)
    : source_(source), done_(begin) {}

bool OriginalProjection::counts(const std::vector<Domain>& domains, const Domain& domain, Scope scope) {
  if (domain.scope != scope || is_modelled(domain) || !domain.alternative_to.empty()) return false;
  // A part of a device (an instance, a die) is in the device's own counter already.
  return std::ranges::none_of(domains,
                              [&](const Domain& d) { return d.name == domain.parent && d.scope == scope; });
}

void OriginalProjection::add(Total& total, const std::vector<records::DomainEnergy>& energies,
                             double seconds) const {
  const telemetry::DomainList list = source_.domains();
  const std::vector<Domain>& domains = list;
  std::optional<double> joules;
  for (const auto& energy : energies) {
    const auto domain = std::ranges::find(domains, energy.domain, &Domain::name);
    const auto value = finite(energy.joules);
    if (!value || domain == domains.end() || !counts(domains, *domain, total.scope)) continue;
    joules = joules.value_or(0) + std::max(0.0, *value);
  }
  total.joules += joules.value_or(0);
  total.watts = joules ? std::optional(*joules / seconds) : std::nullopt;
}

void OriginalProjection::fill(OriginalReading& reading, Instant end, bool settled) {
  const Instant begin = std::min(done_, end);
  const auto report = source_.window(begin, end);
  if (settled && end > done_) {
    add(gpu_, report.energies, to_seconds(end - begin));
    add(cpu_, report.energies, to_seconds(end - begin));
    done_ = end;
  }
  if (gpu_.watts) reading.energy_joules = gpu_.joules, reading.power_watts = gpu_.watts;
  if (cpu_.watts) reading.cpu_energy_joules = cpu_.joules, reading.cpu_power_watts = cpu_.watts;
  reading.temperature_celsius = average(report.temperature_celsius);
  reading.gpu_memory_mb = average(report.gpu_memory_mb);
  reading.cpu_memory_mb = average(report.cpu_memory_mb);
  reading.gpu_utilization_pct = report.gpu_utilization_pct;
  reading.gpu_memory_bandwidth_pct = report.gpu_memory_bandwidth_pct;
  reading.gpu_memory_total_mb = report.gpu_memory_total_mb;
}

std::vector<OriginalReading> OriginalProjection::project(Instant tick, std::int64_t unix_ns) {
  pending_.push_back({tick, unix_ns});
  std::vector<OriginalReading> ready;
  while (!pending_.empty()) {
    const Pending next = pending_.front();
    const bool settled = source_.settled(next.tick);
    if (!settled && tick - next.tick < kPatience) break;
    pending_.pop_front();
    OriginalReading& reading = ready.emplace_back();
    fill(reading, next.tick, settled);
    reading.platform = platform_of(source_.domains());
    reading.unix_ns = next.unix_ns;
    reading.machine = source_.machine();
  }
  return ready;
}

std::vector<Domain> domains_of(const OriginalReading& first) {
  std::vector<Domain> domains;
  for (const auto& [name, scope] : {std::pair{"gpu", Scope::Accelerator}, std::pair{"cpu", Scope::Package}}) {
    const Side side = side_of(first, scope);
    if (side.present()) {
      domains.push_back(original_domain(name, scope, side.energy.has_value(), first.platform));
    }
  }
  return domains;
}

telemetry::Sample to_sample(const OriginalReading& reading, const std::vector<Domain>& domains, Instant mid,
                            Nanoseconds half_width) {
  telemetry::Sample sample;
  sample.tick = mid;
  for (std::uint32_t i = 0; i < domains.size(); ++i) {
    const Side side = side_of(reading, domains[i].scope);
    const bool counted = domains[i].method == Method::Counter;
    if (counted ? side.energy.has_value() : side.power.has_value()) {
      sample.readings.push_back({i, mid, half_width, side.energy, side.power});
    } else {
      sample.silent.emplace_back(i, "the monitor sends no value");
    }
  }
  const auto gauge = [&](Gauge kind, std::optional<double> value) {
    if (const auto usable = finite(value)) sample.gauges.push_back({kind, mid, *usable});
  };
  gauge(Gauge::Temperature, reading.temperature_celsius);
  gauge(Gauge::CpuMemoryMb, reading.cpu_memory_mb);
  gauge(Gauge::GpuMemoryMb, reading.gpu_memory_mb);
  gauge(Gauge::GpuMemoryTotalMb, reading.gpu_memory_total_mb);
  gauge(Gauge::GpuUtilization, reading.gpu_utilization_pct);
  gauge(Gauge::GpuMemoryBandwidth, reading.gpu_memory_bandwidth_pct);
  return sample;
}

}  // namespace ipw::rpc
