// SPDX-License-Identifier: Apache-2.0
#include "virtual_run.h"

#include <algorithm>
#include <cmath>

namespace ipw::sim {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kEpoch = 100 * kSecond;
constexpr double kIdleBefore = 4, kIdleAfter = 4;

std::int64_t ns(double seconds) {
  return std::llround(seconds * 1e9);
}

telemetry::Domain gpu(double update_seconds) {
  telemetry::Domain out;
  out.name = "gpu-0";
  out.scope = telemetry::Scope::Accelerator;
  out.update_seconds = update_seconds;
  return out;
}

}  // namespace

VirtualRun::VirtualRun(RunOptions options, const telemetry::AttributionRule& rule)
    : options_(options),
      device_(add_device(*world_, "nvidia", "GPU", {{1, options.idle_watts}})),
      load_(*world_, {{options.prefill_joules, options.decode_joules}}),
      source_(gpu(options.update_seconds)),
      attribution_(
          rule.make(source_, [this](const std::string&) { return std::optional(options_.idle_watts); })),
      random_(options.seed) {
  world_->epoch_ns = kEpoch;
  device_.update_seconds = options.update_seconds;
  device_.phase_seconds = 0.3 * options.update_seconds;
  result_.rule = rule.name;
}

RunResult VirtualRun::run() {
  const std::int64_t start = kEpoch + ns(kIdleBefore), stop = start + ns(options_.seconds);
  for (int i = 0; i < options_.concurrency; ++i) push(start + ns(0.01 * i), What::Begin);
  for (std::int64_t at = kEpoch; at < stop + ns(60); at += ns(options_.poll_seconds)) push(at, What::Poll);
  std::int64_t last_end = 0;
  while (!events_.empty()) {
    const Event event = events_.top();
    events_.pop();
    const bool over = event.at_ns > stop && load_.active() == 0;
    if (over && event.at_ns > std::max(stop, last_end) + ns(kIdleAfter)) break;
    if (event.what == What::Begin && event.at_ns >= stop) continue;
    if (event.what == What::End) last_end = event.at_ns;
    handle(event);
  }
  take(true);
  result_.account = attribution_->totals();
  const auto at = [](Instant t) { return t.time_since_epoch().count(); };
  result_.device_truth = true_joules(*world_, device_, at(result_.account.end)) -
                         true_joules(*world_, device_, at(result_.account.begin));
  return std::move(result_);
}

void VirtualRun::handle(const Event& event) {
  const auto k = static_cast<std::size_t>(event.request);
  switch (event.what) {
    case What::Begin:
      return begin(event);
    case What::First:
      return load_.set(event.request, {0, 1 / planned_[k].itl, planned_[k].cost}, event.at_ns);
    case What::End:
      return end(event);
    case What::Poll:
      return poll(event.at_ns);
  }
}

void VirtualRun::begin(const Event& event) {
  Planned p;
  p.prompt_tokens = std::round(Draw{200, 0.8}.take(random_)) + 1;
  p.output_tokens = std::round(Draw{60, 0.7}.take(random_)) + 2;
  p.ttft = 0.03 + p.prompt_tokens * 4e-4;
  p.itl = 0.02;
  p.cost = std::exp(options_.cost_spread * normal(random_));
  p.begin_ns = event.at_ns;
  const auto id = static_cast<std::int64_t>(planned_.size());
  planned_.push_back(p);
  load_.set(id, {p.prompt_tokens / p.ttft, 0, p.cost}, event.at_ns);
  attribution_->begin(id, Instant(Nanoseconds(event.at_ns)));
  push(event.at_ns + ns(p.ttft), What::First, id);
  push(event.at_ns + ns(p.ttft + (p.output_tokens - 1) * p.itl), What::End, id);
}

telemetry::Work VirtualRun::work_of(const Planned& p, std::int64_t done_ns) const {
  telemetry::Work work;
  work.sent = Instant(Nanoseconds(p.begin_ns));
  work.done = Instant(Nanoseconds(done_ns));
  if (!options_.tokens_told) return work;
  work.prompt_tokens = p.prompt_tokens;
  work.output_tokens = p.output_tokens;
  for (int i = 0; i < static_cast<int>(p.output_tokens); ++i)
    work.arrivals.push_back(work.sent + from_seconds(p.ttft + i * p.itl));
  return work;
}

void VirtualRun::end(const Event& event) {
  const Planned& p = planned_[static_cast<std::size_t>(event.request)];
  ended_.emplace_back(event.request, load_.end(event.request, event.at_ns).at(0));
  attribution_->end(event.request, work_of(p, event.at_ns));
  push(event.at_ns + ns(0.001), What::Begin);
}

void VirtualRun::poll(std::int64_t at_ns) {
  source_.feed(Instant(Nanoseconds(at_ns)), shown_joules(*world_, device_, at_ns));
  take(false);
}

void VirtualRun::take(bool force) {
  while (!ended_.empty()) {
    const auto [id, truth] = ended_.front();
    const auto report = attribution_->take(id, force);
    if (!report) return;
    ended_.pop_front();
    const auto& energy = report->energies.at(0);
    result_.requests.push_back(
        {truth, energy.idle_joules.value_or(0), energy.joules.value_or(0), energy.half_width_joules});
    result_.rule = energy.rule;
  }
}

}  // namespace ipw::sim
