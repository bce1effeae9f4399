// SPDX-License-Identifier: Apache-2.0
// Sampling in this process.
#include <fmt/format.h>

#include <algorithm>

#include "ipw/base/error.h"
#include "ipw/base/log.h"
#include "ipw/base/registry.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/history.h"
#include "ipw/telemetry/machine.h"
#include "ipw/telemetry/sampler.h"

namespace ipw::telemetry {

namespace {

using Collectors = std::vector<std::unique_ptr<Collector>>;

// What one poll brings, to find out whether a collector can read anything at all.
Sample try_poll(Collector& collector, Clock& clock) {
  Sample sample;
  try {
    collector.poll(clock, sample);
  } catch (const std::exception& e) {
    sample = {};
    sample.silent.emplace_back(0U, e.what());
  }
  return sample;
}

CollectorOptions options_of(const SourceOptions& source, std::string argument) {
  return {source.sysfs_root, std::move(argument), source.visible_devices, source.alternatives};
}

std::unique_ptr<Collector> make_named(const std::string& text, const SourceOptions& source, Clock& clock) {
  const auto colon = text.find(':');
  auto options = options_of(source, colon == std::string::npos ? "" : text.substr(colon + 1));
  options.named = true;
  const CollectorRow& row = require("collector", collectors(), text.substr(0, colon));
  auto collector = row.make(options);
  if (row.use == CollectorRow::Use::Named) return collector;  // its time begins with the first poll
  const Sample sample = try_poll(*collector, clock);
  if (!collector->domains().empty() && sample.readings.empty() && !sample.silent.empty()) {
    throw Error(ErrorCode::Unavailable,
                fmt::format("collector '{}' cannot run: {}", text, sample.silent.front().reason),
                "`ipw doctor` shows every sensor and its remedy");
  }
  return collector;
}

bool reads_package(Collector& collector, Clock& clock) {
  const Sample sample = try_poll(collector, clock);
  for (const auto& [domain, reason, cause] : sample.silent) {
    log::warning("{}: no energy: {}", collector.domains()[domain].name, reason);
  }
  return std::ranges::any_of(sample.readings, [&](const Reading& r) {
    return collector.domains()[r.domain].scope == Scope::Package && r.energy_joules;
  });
}

Collectors make_automatic(const SourceOptions& source, Clock& clock) {
  Collectors out;
  bool package = false;
  for (const auto use : {CollectorRow::Use::Always, CollectorRow::Use::WithoutPackage}) {
    if (use == CollectorRow::Use::WithoutPackage && package) break;
    for (const CollectorRow& row : collectors()) {
      if (row.use != use) continue;
      try {
        out.push_back(row.make(options_of(source, "")));
        package = reads_package(*out.back(), clock) || package;
      } catch (const Error& e) {
        log::info("collector {}: {}", row.name, e.what());
      }
    }
  }
  return out;
}

Collectors make_collectors(const SourceOptions& options, Clock& clock, records::MachineInfo& machine) {
  Collectors out;
  if (options.collectors.empty()) out = make_automatic(options, clock);
  for (const std::string& text : options.collectors) out.push_back(make_named(text, options, clock));
  for (const auto& collector : out) collector->describe(machine);
  return out;
}

class LocalSource final : public Source {
 public:
  LocalSource(const SourceOptions& options, Clock& clock)
      : machine_(read_machine(options.sysfs_root)),
        description_(fmt::format("in-process, {:g} ms", to_seconds(options.period) * 1000)),
        sampler_(make_collectors(options, clock, machine_), options.period, clock,
                 [this](const Sample& s) { take(s); }),
        history_(sampler_.domains()) {
    sampler_.start();
  }
  ~LocalSource() override { sampler_.stop(); }

  const std::vector<Domain>& domains() const override { return history_.domains(); }
  const records::MachineInfo& machine() const override { return machine_; }
  bool settled(Instant end) const override { return history_.settled(end); }
  WindowReport window(Instant begin, Instant end) const override { return history_.window(begin, end); }
  std::string description() const override { return description_; }

  SelfReport self() const override {
    SelfReport report = sampler_.report();
    report.problems = history_.problems();
    return report;
  }

  void tap(std::function<void(const Sample&)> sink) override {
    const std::scoped_lock lock(tap_mutex_);
    tap_ = std::move(sink);
  }

 private:
  void take(const Sample& sample) {
    history_.feed(sample);
    const std::scoped_lock lock(tap_mutex_);
    if (tap_) tap_(sample);
  }

  records::MachineInfo machine_;
  std::string description_;
  Sampler sampler_;
  History history_;
  std::mutex tap_mutex_;
  std::function<void(const Sample&)> tap_;
};

}  // namespace

std::unique_ptr<Source> open_local(const SourceOptions& options, Clock& clock) {
  if (options.period <= Nanoseconds(0)) throw Error(ErrorCode::Usage, "the sampling period must be above 0");
  return std::make_unique<LocalSource>(options, clock);
}

}  // namespace ipw::telemetry
