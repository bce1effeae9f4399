// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/history.h"

#include <fmt/format.h>

#include <algorithm>

#include "ipw/telemetry/instances.h"
#include "ipw/telemetry/window.h"

namespace ipw::telemetry {

namespace {
constexpr std::size_t kSpansKept = 1000;
}

History::History(std::vector<Domain> domains)
    : domains_(std::move(domains)), series_(domains_.begin(), domains_.end()), silence_(domains_.size()) {
  for (const Domain& domain : domains_) given_.emplace_back(domain.name, 0);
}

DomainList History::domains() const {
  const std::scoped_lock lock(mutex_);
  return domains_;
}

// Two collectors may see the same thing; a name stays that of the first.
std::string History::unique_name(const Domain& domain) const {
  const auto taken = [&](const std::string& name) {
    return std::ranges::find(domains_, name, &Domain::name) != domains_.end();
  };
  std::string name = domain.name;
  if (taken(name)) name = fmt::format("{} ({})", domain.name, domain.collector);
  for (int n = 2; taken(name); ++n) name = fmt::format("{} ({} {})", domain.name, domain.collector, n);
  return name;
}

std::uint32_t History::add(Domain domain, std::uint32_t owner) {
  const std::scoped_lock lock(mutex_);
  const auto known = std::ranges::find(given_, std::pair(domain.name, owner));
  if (known != given_.end()) return static_cast<std::uint32_t>(known - given_.begin());
  given_.emplace_back(domain.name, owner);
  domain.name = unique_name(domain);
  std::vector<Domain> longer(domains_.begin(), domains_.end());
  series_.emplace_back(domain);
  silence_.emplace_back();
  longer.push_back(std::move(domain));
  domains_ = DomainList(std::move(longer));
  return static_cast<std::uint32_t>(domains_.size() - 1);
}

void History::feed(const Sample& sample) {
  const std::scoped_lock lock(mutex_);
  for (const Reading& reading : sample.readings) {
    if (reading.domain >= series_.size()) continue;
    series_[reading.domain].feed(reading);
    silence_[reading.domain].now = false;
  }
  for (const auto& [domain, reason, cause] : sample.silent) {
    if (domain >= silence_.size()) continue;
    ++silence_[domain].ticks;
    silence_[domain].now = true;
    silence_[domain].reason = reason;
  }
  gauges_.feed(sample.gauges, domains_);
}

void History::mark_unknown(std::uint32_t domain, Instant from, Instant to, const std::string& reason) {
  const std::scoped_lock lock(mutex_);
  for (auto span = unknown_.rbegin(); span != unknown_.rend(); ++span) {
    if (span->domain != domain || span->from != from) continue;
    span->to = std::max(span->to, to);
    return;
  }
  unknown_.push_back({domain, from, to, reason});
  if (unknown_.size() > kSpansKept) unknown_.pop_front();
}

void History::leave_out(records::DomainEnergy& energy, std::uint32_t domain, Instant begin,
                        Instant end) const {
  if (!energy.joules) return;
  double seconds = 0;
  const Unknown* last = nullptr;
  for (const Unknown& span : unknown_) {
    if (span.domain != domain && span.domain != kAll) continue;
    const Nanoseconds overlap = std::min(end, span.to) - std::max(begin, span.from);
    if (overlap <= Nanoseconds(0)) continue;
    seconds += to_seconds(overlap);
    last = &span;
  }
  if (!last) return;
  const double more = domains_[domain].cap_watts * seconds;
  energy.coverage = std::clamp(energy.coverage - seconds / to_seconds(end - begin), 0.0, 1.0);
  energy.half_width_joules += more;
  energy.random_half_width_joules += more;
  energy.reason = fmt::format("{:.3f} s of the window are missing ({})", seconds, last->reason);
  if (energy.coverage <= 0) energy.joules.reset();
}

WindowReport History::window(Instant begin, Instant end, Rule rule) const {
  const std::scoped_lock lock(mutex_);
  WindowReport report;
  for (std::size_t i = 0; i < series_.size(); ++i) {
    const auto domain = static_cast<std::uint32_t>(i);
    const auto throttled = gauges_.window(Gauge::Throttle, domain, begin, end);
    auto energy =
        measure(series_[i], begin, end, rule, throttled ? static_cast<unsigned>(throttled->max) : 0U);
    leave_out(energy, domain, begin, end);
    if (!energy.joules && silence_[i].now) energy.reason = silence_[i].reason;
    if (energy.reason.empty()) energy.reason = domains_[i].note;
    report.energies.push_back(std::move(energy));
  }
  balance_instances(domains_, report.energies);
  fill_power(report, begin, end);
  fill_gauges(report, begin, end);
  return report;
}

void History::fill_gauges(WindowReport& report, Instant begin, Instant end) const {
  const auto stats = [&](Gauge gauge) { return gauges_.window(gauge, begin, end); };
  const auto average = [&](Gauge gauge) -> std::optional<double> {
    if (const auto s = stats(gauge)) return s->avg;
    return std::nullopt;
  };
  report.temperature_celsius = stats(Gauge::Temperature);
  report.cpu_memory_mb = stats(Gauge::CpuMemoryMb);
  report.gpu_memory_mb = stats(Gauge::GpuMemoryMb);
  report.gpu_memory_total_mb = average(Gauge::GpuMemoryTotalMb);
  report.gpu_utilization_pct = average(Gauge::GpuUtilization);
  report.gpu_memory_bandwidth_pct = average(Gauge::GpuMemoryBandwidth);
  std::ranges::move(gauges_.devices(begin, end, domains_), std::back_inserter(report.devices));
}

// An instance or a die: the device that it is a part of counts it already.
bool History::is_part(const Domain& domain) const {
  return std::ranges::any_of(
      domains_, [&](const Domain& d) { return d.name == domain.parent && d.scope == domain.scope; });
}

void History::fill_power(WindowReport& report, Instant begin, Instant end) const {
  std::vector<const Series*> accelerators, packages;
  for (const Series& series : series_) {
    const Domain& domain = series.domain();
    if (series.points().empty() || !domain.alternative_to.empty()) continue;
    if (domain.scope != Scope::Accelerator && domain.scope != Scope::Package) continue;
    const Series* const one = &series;
    if (const auto stats = power_stats({&one, 1}, begin, end))
      report.devices.push_back({domain.name, domain.device, "power_watts", *stats});
    if (is_part(domain)) continue;
    (domain.scope == Scope::Accelerator ? accelerators : packages).push_back(&series);
  }
  report.gpu_power_watts = power_stats(accelerators, begin, end);
  report.cpu_power_watts = power_stats(packages, begin, end);
}

bool History::settled(Instant end) const {
  const std::scoped_lock lock(mutex_);
  bool any = false;
  for (std::size_t i = 0; i < series_.size(); ++i) {
    if (silence_[i].now) continue;
    if (!series_[i].settled(end)) return false;
    any = true;
  }
  return any || series_.empty() || std::ranges::all_of(silence_, [](const Silence& s) { return s.now; });
}

std::vector<std::string> History::problems() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < series_.size(); ++i) {
    const auto& faults = series_[i].faults();
    const auto line = [&](std::uint64_t n, std::string_view what) {
      if (n > 0) out.push_back(fmt::format("{}: {} {}", domains_[i].name, n, what));
    };
    line(faults.resets, "counter reset(s), the energy between two readings is unknown");
    line(faults.glitches, "reading(s) off the line, dropped");
    line(faults.unknown_wraps, "silence(s) in which the counter may have wrapped more than once");
    line(faults.gaps, "silence(s) of a power sensor too long to integrate across");
    line(silence_[i].ticks, fmt::format("silent tick(s), last cause: {}", silence_[i].reason));
  }
  return out;
}

}  // namespace ipw::telemetry
