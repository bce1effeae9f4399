// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/merged_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <mutex>
#include <set>
#include <type_traits>
#include <utility>

#include "ipw/base/error.h"

namespace ipw::telemetry {
namespace {

using records::Stats;

std::string prefixed(const std::string& node, const std::string& name) {
  return name.empty() ? name : node + "/" + name;
}

Domain at_node(const std::string& node, Domain domain) {
  domain.name = prefixed(node, domain.name);
  domain.parent = prefixed(node, domain.parent);
  domain.alternative_to = prefixed(node, domain.alternative_to);
  return domain;
}

void give_unique_names(std::vector<NamedSource>& parts) {
  std::set<std::string> taken;
  for (auto& part : parts) {
    const std::string wanted = part.node.empty() ? "node" : part.node;
    part.node = wanted;
    for (int i = 2; !taken.insert(part.node).second; ++i) part.node = fmt::format("{}-{}", wanted, i);
  }
}

records::MachineInfo describe_all(const std::vector<NamedSource>& parts) {
  records::MachineInfo out = parts.front().source->machine();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto& other = parts[i].source->machine();
    out.host_name += ", " + other.host_name;
    out.cpu_count += other.cpu_count;
    if (!out.gpu_name) out.gpu_name = other.gpu_name;
    if (!out.gpu_vendor) out.gpu_vendor = other.gpu_vendor;
    if (!out.gpu_backend) out.gpu_backend = other.gpu_backend;
  }
  return out;
}

using Collect = std::optional<Stats> WindowReport::*;
using CollectOne = std::optional<double> WindowReport::*;

/// What adds up over machines: watts and bytes.
void sum(WindowReport& into, const WindowReport& part, Collect field) {
  if (!(part.*field)) return;
  const Stats& more = *(part.*field);
  Stats& total = (into.*field) ? *(into.*field) : (into.*field).emplace();
  total.avg += more.avg;
  total.max += more.max;
  total.median += more.median;
  total.min += more.min;
}

/// What does not: the hottest, the coolest, and the mean of the means.
std::optional<Stats> range_over(const std::vector<WindowReport>& parts, Collect field) {
  std::optional<Stats> out;
  double count = 0, average = 0, median = 0;
  for (const auto& part : parts) {
    if (!(part.*field)) continue;
    const Stats& more = *(part.*field);
    if (!out) out = more;
    out->max = std::max(out->max, more.max);
    out->min = std::min(out->min, more.min);
    average += more.avg;
    median += more.median;
    ++count;
  }
  if (out) out->avg = average / count, out->median = median / count;
  return out;
}

std::optional<double> mean_over(const std::vector<WindowReport>& parts, CollectOne field) {
  double count = 0, total = 0;
  for (const auto& part : parts) {
    if (part.*field) total += *(part.*field), ++count;
  }
  return count > 0 ? std::optional(total / count) : std::nullopt;
}

void take_devices(WindowReport& into, WindowReport& part, const std::string& node) {
  for (auto& device : part.devices) {
    device.domain = prefixed(node, device.domain);
    into.devices.push_back(std::move(device));
  }
}

/// Keeps the threads of different nodes apart.
void set_thread(Sample& sample, std::size_t node) {
  sample.thread = (static_cast<std::uint32_t>(node) << 16) | (sample.thread & 0xffffU);
}

/// A gauge of the machine as a whole belongs to no domain.
template <class Item>
bool is_machine(const Item& item) {
  return std::is_same_v<Item, GaugeReading> && item.domain == GaugeReading::kMachine;
}

void add(SelfReport& total, const SelfReport& part, const std::string& node) {
  total.ticks += part.ticks;
  total.missed_ticks += part.missed_ticks;
  total.dropped_samples += part.dropped_samples;
  total.period_seconds = std::max(total.period_seconds, part.period_seconds);
  total.achieved_hz =
      total.achieved_hz > 0 ? std::min(total.achieved_hz, part.achieved_hz) : part.achieved_hz;
  total.lateness_p50_seconds = std::max(total.lateness_p50_seconds, part.lateness_p50_seconds);
  total.lateness_p99_seconds = std::max(total.lateness_p99_seconds, part.lateness_p99_seconds);
  total.lateness_max_seconds = std::max(total.lateness_max_seconds, part.lateness_max_seconds);
  total.cpu_seconds += part.cpu_seconds;
  total.wall_seconds = std::max(total.wall_seconds, part.wall_seconds);
  for (const auto& problem : part.problems) total.problems.push_back(fmt::format("{}: {}", node, problem));
}

class MergedSource final : public Source {
 public:
  explicit MergedSource(std::vector<NamedSource> parts) : parts_(std::move(parts)) {
    give_unique_names(parts_);
    machine_ = describe_all(parts_);
    index_.resize(parts_.size());
    for (std::size_t i = 0; i < parts_.size(); ++i) grow(i);
  }
  ~MergedSource() override {
    for (auto& part : parts_) part.source->tap({});
  }

  DomainList domains() const override {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < parts_.size(); ++i) grow(i);
    return domains_;
  }
  const records::MachineInfo& machine() const override { return machine_; }
  bool settled(Instant end) const override {
    return std::ranges::all_of(parts_, [&](const auto& part) { return part.source->settled(end); });
  }
  WindowReport window(Instant begin, Instant end) const override;
  SelfReport self() const override {
    SelfReport total;
    for (const auto& part : parts_) add(total, part.source->self(), part.node);
    return total;
  }
  std::string description() const override {
    std::string out;
    for (const auto& part : parts_)
      out += fmt::format("{}{}: {}", out.empty() ? "" : "; ", part.node, part.source->description());
    return out;
  }
  void tap(std::function<void(const Sample&)> sink) override;

 private:
  void grow(std::size_t part) const;
  std::optional<std::uint32_t> global(std::size_t part, std::uint32_t local) const;
  void pass_on(std::size_t part, Sample sample);

  std::vector<NamedSource> parts_;
  records::MachineInfo machine_;
  mutable std::mutex mutex_;
  mutable std::vector<Domain> domains_;                    ///< grows at its end
  mutable std::vector<std::vector<std::uint32_t>> index_;  ///< [part][its own index] -> ours
  std::mutex tap_mutex_;
  std::function<void(const Sample&)> sink_;
  std::uint64_t sequence_ = 0;
};

/// Take in what a part has found since. Under the lock.
void MergedSource::grow(std::size_t part) const {
  const auto& theirs = parts_[part].source->domains();
  for (std::size_t i = index_[part].size(); i < theirs.size(); ++i) {
    index_[part].push_back(static_cast<std::uint32_t>(domains_.size()));
    domains_.push_back(at_node(parts_[part].node, theirs[i]));
  }
}

std::optional<std::uint32_t> MergedSource::global(std::size_t part, std::uint32_t local) const {
  const std::lock_guard lock(mutex_);
  if (local >= index_[part].size()) grow(part);
  return local < index_[part].size() ? std::optional(index_[part][local]) : std::nullopt;
}

WindowReport MergedSource::window(Instant begin, Instant end) const {
  WindowReport out;
  std::vector<WindowReport> reports;
  for (const auto& [node, source] : parts_) {
    WindowReport& report = reports.emplace_back(source->window(begin, end));
    for (auto& energy : report.energies) {
      energy.domain = prefixed(node, energy.domain);
      energy.alternative_to = prefixed(node, energy.alternative_to);
      out.energies.push_back(std::move(energy));
    }
    for (const auto field : {&WindowReport::gpu_power_watts, &WindowReport::cpu_power_watts,
                             &WindowReport::cpu_memory_mb, &WindowReport::gpu_memory_mb})
      sum(out, report, field);
    if (report.gpu_memory_total_mb)
      out.gpu_memory_total_mb = out.gpu_memory_total_mb.value_or(0) + *report.gpu_memory_total_mb;
    take_devices(out, report, node);
  }
  out.temperature_celsius = range_over(reports, &WindowReport::temperature_celsius);
  out.gpu_utilization_pct = mean_over(reports, &WindowReport::gpu_utilization_pct);
  out.gpu_memory_bandwidth_pct = mean_over(reports, &WindowReport::gpu_memory_bandwidth_pct);
  return out;
}

void MergedSource::pass_on(std::size_t part, Sample sample) {
  const auto relabel = [&](auto& items) {
    std::erase_if(items, [&](const auto& item) { return !is_machine(item) && !global(part, item.domain); });
    for (auto& item : items) {
      if (!is_machine(item)) item.domain = *global(part, item.domain);
    }
  };
  relabel(sample.readings);
  relabel(sample.silent);
  relabel(sample.gauges);
  set_thread(sample, part);
  const std::lock_guard lock(tap_mutex_);
  sample.sequence = ++sequence_;
  if (sink_) sink_(sample);
}

void MergedSource::tap(std::function<void(const Sample&)> sink) {
  {
    const std::lock_guard lock(tap_mutex_);
    sink_ = std::move(sink);
  }
  for (std::size_t i = 0; i < parts_.size(); ++i)
    parts_[i].source->tap([this, i](const Sample& sample) { pass_on(i, sample); });
}

}  // namespace

std::unique_ptr<Source> merge_sources(std::vector<NamedSource> parts) {
  if (parts.empty()) throw Error(ErrorCode::Usage, "no source to measure with", "name one with --monitor");
  if (parts.size() == 1) return std::move(parts.front().source);
  return std::make_unique<MergedSource>(std::move(parts));
}

}  // namespace ipw::telemetry
