// SPDX-License-Identifier: Apache-2.0
// Sampling in this process.
#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "ipw/base/error.h"
#include "ipw/base/log.h"
#include "ipw/base/registry.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/history.h"
#include "ipw/telemetry/machine.h"
#include "ipw/telemetry/sampler_pool.h"

namespace ipw::telemetry {

namespace {

using Outcome = SamplerPool::Outcome;

/// A library that takes longer to start takes part later.
constexpr std::chrono::milliseconds kPatience{2000}, kPatienceWhenNamed{15'000};

CollectorPlan plan_of(const CollectorRow& row, const CollectorOptions& options) {
  CollectorPlan plan;
  plan.name = row.name;
  plan.thread = row.thread;
  plan.least_period = row.least_period;
  plan.probe = row.use != CollectorRow::Use::Named;  // the time of such a one begins with the first poll
  plan.make = [&row, options] { return row.make(options); };
  return plan;
}

CollectorOptions options_of(const SourceOptions& source, std::string argument) {
  return {source.sysfs_root, std::move(argument), source.visible_devices, source.alternatives};
}

CollectorPlan plan_named(const std::string& text, const SourceOptions& source) {
  const auto colon = text.find(':');
  auto options = options_of(source, colon == std::string::npos ? "" : text.substr(colon + 1));
  options.named = true;
  const CollectorRow& row = require("collector", collectors(), text.substr(0, colon));
  CollectorPlan plan = plan_of(row, options);
  plan.name = text;
  return plan;
}

void require_use(const Outcome& outcome) {
  if (outcome.error) throw Error(*outcome.error);
  std::string why;
  if (outcome.pending) why = fmt::format("no answer within {:.0f} s", to_seconds(kPatienceWhenNamed));
  if (!outcome.domains.empty() && outcome.probe.readings.empty() && !outcome.probe.silent.empty())
    why = outcome.probe.silent.front().reason;
  if (why.empty()) return;
  throw Error(ErrorCode::Unavailable, fmt::format("collector '{}' cannot run: {}", outcome.name, why),
              "`ipw doctor` shows every sensor and its remedy");
}

/// The plans of all rows of a use. What stands on a thread of its own, a driver, may come later.
std::vector<CollectorPlan> plan_all(CollectorRow::Use use, const SourceOptions& source) {
  std::vector<CollectorPlan> plans;
  for (const CollectorRow& row : collectors()) {
    if (row.use != use) continue;
    plans.push_back(plan_of(row, options_of(source, "")));
    plans.back().retry = row.thread != CollectorRow{}.thread;
  }
  return plans;
}

void tell(const Outcome& outcome) {
  if (outcome.error) return log::info("collector {}: {}", outcome.name, outcome.error->what());
  if (outcome.pending) return log::warning("collector {}: no answer yet", outcome.name);
  for (const auto& [domain, reason, cause] : outcome.probe.silent) {
    if (domain < outcome.domains.size())
      log::warning("{}: no energy: {}", outcome.domains[domain].name, reason);
  }
}

bool reads_package(const Outcome& outcome) {
  return std::ranges::any_of(outcome.probe.readings, [&](const Reading& r) {
    return r.domain < outcome.domains.size() && outcome.domains[r.domain].scope == Scope::Package &&
           (r.energy_joules || r.power_watts);
  });
}

void open_automatic(SamplerPool& pool, const SourceOptions& source, records::MachineInfo& machine) {
  bool package = false;
  for (const auto use : {CollectorRow::Use::Always, CollectorRow::Use::WithoutPackage}) {
    if (use == CollectorRow::Use::WithoutPackage && package) break;
    for (const Outcome& outcome : pool.open(plan_all(use, source), kPatience, &machine)) {
      tell(outcome);
      package = package || reads_package(outcome);
    }
  }
}

void open_collectors(SamplerPool& pool, const SourceOptions& options, records::MachineInfo& machine) {
  if (options.collectors.empty()) return open_automatic(pool, options, machine);
  std::vector<CollectorPlan> plans;
  for (const std::string& text : options.collectors) plans.push_back(plan_named(text, options));
  for (const Outcome& outcome : pool.open(plans, kPatienceWhenNamed, &machine)) require_use(outcome);
}

class LocalSource final : public Source {
 public:
  LocalSource(const SourceOptions& options, Clock& clock)
      : machine_(read_machine(options.sysfs_root)),
        description_(fmt::format("in-process, {:g} ms", to_seconds(options.period) * 1000)),
        pool_(
            options.period, clock,
            {[this](const Domain& domain) { return history_.add(domain); }, [this](Sample& s) { take(s); }}) {
    open_collectors(pool_, options, machine_);
    pool_.start();
  }
  ~LocalSource() override { pool_.stop(); }

  DomainList domains() const override { return history_.domains(); }
  const records::MachineInfo& machine() const override { return machine_; }
  bool settled(Instant end) const override { return history_.settled(end); }
  WindowReport window(Instant begin, Instant end) const override { return history_.window(begin, end); }
  std::string description() const override { return description_; }

  SelfReport self() const override {
    SelfReport report = pool_.report();
    std::ranges::move(history_.problems(), std::back_inserter(report.problems));
    return report;
  }

  void tap(std::function<void(const Sample&)> sink) override {
    const std::scoped_lock lock(take_mutex_);
    tap_ = std::move(sink);
  }

 private:
  // From several threads, one at a time, so that sequence numbers ascend.
  void take(Sample& sample) {
    const std::scoped_lock lock(take_mutex_);
    sample.sequence = sequence_++;
    history_.feed(sample);
    if (tap_) tap_(sample);
  }

  records::MachineInfo machine_;
  std::string description_;
  History history_{std::vector<Domain>{}};
  std::mutex take_mutex_;
  std::uint64_t sequence_ = 0;
  std::function<void(const Sample&)> tap_;
  SamplerPool pool_;  ///< last: its threads end before the rest goes
};

}  // namespace

std::unique_ptr<Source> open_local(const SourceOptions& options, Clock& clock) {
  if (options.period <= Nanoseconds(0)) throw Error(ErrorCode::Usage, "the sampling period must be above 0");
  return std::make_unique<LocalSource>(options, clock);
}

}  // namespace ipw::telemetry
