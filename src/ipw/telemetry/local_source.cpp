// SPDX-License-Identifier: Apache-2.0
// Sampling in this process.
#include <fmt/format.h>

#include <algorithm>

#include "ipw/base/error.h"
#include "ipw/base/log.h"
#include "ipw/base/registry.h"
#include "ipw/telemetry/calibration.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/telemetry/helper.h"
#include "ipw/telemetry/intake.h"
#include "ipw/telemetry/machine.h"
#include "ipw/telemetry/sampler_pool.h"

namespace ipw::telemetry {

namespace {

using Outcome = SamplerPool::Outcome;

/// A library that takes longer to start takes part later.
constexpr std::chrono::milliseconds kPatience{2000}, kPatienceWhenNamed{15'000};

/// `argument` is absent for a collector that nobody named.
CollectorPlan plan_of(const CollectorRow& row, const std::optional<std::string>& argument,
                      const SourceOptions& source) {
  const CollectorOptions options{source.sysfs_root, argument.value_or(""), source.visible_devices,
                                 source.alternatives, argument.has_value()};
  CollectorPlan plan;
  plan.name = row.name;
  plan.thread = row.thread;
  plan.least_period = row.least_period;
  plan.probe = row.use != CollectorRow::Use::Named;  // the time of such a one begins with the first poll
  plan.make = [&row, options] { return row.make(options); };
  if (row.vendor_code && !source.helper.empty()) {
    plan.make = [name = std::string(row.name), options, helper = source.helper] {
      return make_isolated(helper, name, options);
    };
  }
  if (!source.calibrations.empty())
    plan.make = [make = std::move(plan.make), calibrations = source.calibrations] {
      return calibrated(make(), calibrations);
    };
  return plan;
}

CollectorPlan plan_named(const std::string& text, const SourceOptions& source) {
  const auto colon = text.find(':');
  const CollectorRow& row = require("collector", collectors(), text.substr(0, colon));
  CollectorPlan plan = plan_of(row, colon == std::string::npos ? "" : text.substr(colon + 1), source);
  plan.name = text;
  if (row.thread == kMeterThread) plan.thread = text;
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
    plans.push_back(plan_of(row, std::nullopt, source));
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

void open_automatic(SamplerPool& pool, const SourceOptions& source, const SamplerPool::Visit& made) {
  bool package = false;
  for (const auto use : {CollectorRow::Use::Always, CollectorRow::Use::WithoutPackage}) {
    if (use == CollectorRow::Use::WithoutPackage && package) break;
    for (const Outcome& outcome : pool.open(plan_all(use, source), kPatience, made)) {
      tell(outcome);
      package = package || reads_package(outcome);
    }
  }
}

void open_collectors(SamplerPool& pool, const SourceOptions& options, const SamplerPool::Visit& made) {
  std::vector<CollectorPlan> plans;
  bool automatic = options.collectors.empty();
  for (const std::string& text : options.collectors) {
    if (text == "auto")
      automatic = true;
    else
      plans.push_back(plan_named(text, options));
  }
  if (automatic) open_automatic(pool, options, made);
  for (const Outcome& outcome : pool.open(plans, kPatienceWhenNamed, made)) require_use(outcome);
}

class LocalSource final : public Source {
 public:
  LocalSource(const SourceOptions& options, Clock& clock)
      : machine_(read_machine(options.sysfs_root)),
        description_(fmt::format("in-process, {:g} ms", to_seconds(options.period) * 1000)),
        intake_(clock),
        pool_({options.period, options.realtime}, clock,
              {[this](const Domain& domain, std::uint32_t owner) { return intake_.add(domain, owner); },
               [this](Sample& sample) { intake_.take(sample); }}) {
    open_collectors(pool_, options, [this](const Collector& collector) { collector.describe(machine_); });
    pool_.start();
  }
  ~LocalSource() override { pool_.stop(); }

  DomainList domains() const override { return intake_.history().domains(); }
  const records::MachineInfo& machine() const override { return machine_; }
  bool settled(Instant end) const override { return intake_.history().settled(end); }
  WindowReport window(Instant begin, Instant end) const override {
    return intake_.history().window(begin, end);
  }
  std::string description() const override { return description_; }

  SelfReport self() const override {
    SelfReport report = pool_.report();
    std::ranges::move(intake_.problems(), std::back_inserter(report.problems));
    return report;
  }

  void tap(std::function<void(const Sample&)> sink) override { intake_.tap(std::move(sink)); }

 private:
  records::MachineInfo machine_;
  std::string description_;
  Intake intake_;
  SamplerPool pool_;  ///< last: its threads end before the rest goes
};

}  // namespace

std::unique_ptr<Source> open_local(const SourceOptions& options, Clock& clock) {
  if (options.period <= Nanoseconds(0)) throw Error(ErrorCode::Usage, "the sampling period must be above 0");
  return std::make_unique<LocalSource>(options, clock);
}

}  // namespace ipw::telemetry
