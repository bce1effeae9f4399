// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ipw/base/subprocess.h"
#include "ipw/execution/readings.h"
#include "ipw/execution/setup.h"
#include "ipw/stats/stats.h"

namespace ipw::execution {
namespace {

using records::DomainEnergy;

constexpr auto kTurn = std::chrono::milliseconds(10);
constexpr auto kPatience = std::chrono::seconds(2);

const DomainEnergy* find_domain(std::span<const DomainEnergy> energies, const std::string& domain) {
  const auto at = std::ranges::find(energies, domain, &DomainEnergy::domain);
  return at == energies.end() || !at->joules ? nullptr : &*at;
}

/// The mean of the two baselines; half of their difference is uncertainty.
std::optional<IdlePower> idle_of(const DomainEnergy* before, const DomainEnergy* after, double seconds) {
  if (!before) before = after;
  if (!after) after = before;
  if (!before || !(seconds > 0)) return std::nullopt;
  const double mean = (*before->joules + *after->joules) / 2, half = (*before->joules - *after->joules) / 2;
  const double width = std::max(before->half_width_joules, after->half_width_joules);
  return IdlePower{mean / seconds, std::hypot(width, half) / seconds};
}

/// Mean over the runs that have a value.
MeasuredDomain mean_of(std::span<const CommandRun> runs, std::size_t domain) {
  MeasuredDomain out;
  std::vector<double> joules;
  double gain = 0, seconds = 0;
  for (const auto& run : runs) {
    if (domain >= run.energies.size()) continue;
    const auto& energy = run.energies[domain];
    if (joules.empty() || energy.joules) out.energy = energy;
    if (!energy.joules) continue;
    joules.push_back(*energy.joules);
    gain += energy.half_width_joules - energy.random_half_width_joules;
    seconds += run.seconds;
  }
  out.runs = joules.size();
  if (joules.empty()) return out;
  const auto n = static_cast<double>(joules.size());
  const double mean = stats::summarize(joules)->mean;
  if (const auto interval = stats::mean_interval(joules)) {
    out.energy.random_half_width_joules = (interval->high - interval->low) / 2;
    out.energy.half_width_joules = out.energy.random_half_width_joules + gain / n;
  }
  out.energy.joules = mean;
  if (seconds > 0) out.watts = mean * n / seconds;
  return out;
}

class Measurement {
 public:
  Measurement(const MeasureRequest& request, const Surroundings& around, Observer& observer,
              const std::stop_token& stop)
      : request_(request),
        clock_(around.clock),
        observer_(observer),
        stop_(stop),
        source_(open_source(request.config, around, observer)) {}

  MeasureOutcome run() {
    await(clock_.now());
    const auto before = take_idle("before");
    for (int i = 0; i < request_.repeat && !stop_.stop_requested() && !outcome_.not_started; ++i) run_once();
    const auto after = outcome_.runs.empty() ? std::vector<DomainEnergy>{} : take_idle("after");
    outcome_.domains = summarize_runs(outcome_.runs, before, after, request_.config.idle_seconds);
    summarize_times();
    outcome_.interrupted = stop_.stop_requested();
    outcome_.source = source_->description();
    outcome_.self = source_->self();
    return std::move(outcome_);
  }

 private:
  void await(Instant end) {
    await_readings(*source_, end, kPatience + from_seconds(2 * request_.config.sampling_period_seconds),
                   clock_);
  }

  std::vector<DomainEnergy> take_idle(std::string_view when) {
    const double seconds = request_.config.idle_seconds;
    if (seconds <= 0 || stop_.stop_requested()) return {};
    observer_.stage(fmt::format("idle baseline {} the command, {:g} s", when, seconds));
    const Instant begin = clock_.now(), end = begin + from_seconds(seconds);
    while (clock_.now() < end && !stop_.stop_requested())
      clock_.sleep_until(std::min(end, clock_.now() + kTurn));
    if (stop_.stop_requested()) return {};
    await(end);
    return source_->window(begin, end).energies;
  }

  void run_once() try {
    const Instant begin = clock_.now();
    ForegroundProcess process(request_.command);
    {
      const std::stop_callback forward(stop_, [&process] { process.interrupt(); });
      process.await_end();
    }
    const Instant end = clock_.now();
    const int status = process.reap();
    if (outcome_.exit_status == 0) outcome_.exit_status = status;
    await(end);
    outcome_.runs.push_back({status, to_seconds(end - begin), source_->window(begin, end).energies});
  } catch (const Error& error) {
    if (error.code() != ErrorCode::NotFound && error.code() != ErrorCode::Permission) throw;
    outcome_.not_started = error;
  }

  void summarize_times() {
    std::vector<double> seconds;
    for (const auto& run : outcome_.runs) seconds.push_back(run.seconds);
    if (seconds.empty()) return;
    outcome_.seconds = stats::summarize(seconds)->mean;
    if (const auto interval = stats::mean_interval(seconds))
      outcome_.half_width_seconds = (interval->high - interval->low) / 2;
  }

  const MeasureRequest& request_;
  Clock& clock_;
  Observer& observer_;
  const std::stop_token& stop_;
  std::unique_ptr<telemetry::Source> source_;
  MeasureOutcome outcome_;
};

}  // namespace

std::vector<MeasuredDomain> summarize_runs(std::span<const CommandRun> runs,
                                           std::span<const DomainEnergy> before,
                                           std::span<const DomainEnergy> after, double idle_seconds) {
  std::vector<MeasuredDomain> out;
  std::size_t domains = 0;
  for (const auto& run : runs) domains = std::max(domains, run.energies.size());
  for (std::size_t i = 0; i < domains; ++i) {
    auto domain = mean_of(runs, i);
    domain.idle = idle_of(find_domain(before, domain.energy.domain), find_domain(after, domain.energy.domain),
                          idle_seconds);
    if (domain.idle && domain.energy.joules && domain.watts && *domain.watts > 0) {
      const double seconds = *domain.energy.joules / *domain.watts;
      domain.energy.idle_joules = domain.idle->watts * seconds;
      domain.net_joules = *domain.energy.joules - *domain.energy.idle_joules;
      domain.net_half_width_joules =
          std::hypot(domain.energy.half_width_joules, domain.idle->half_width_watts * seconds);
    }
    out.push_back(std::move(domain));
  }
  return out;
}

MeasureOutcome measure(const MeasureRequest& request, const Surroundings& around, Observer& observer,
                       const std::stop_token& stop) {
  return Measurement(request, around, observer, stop).run();
}

}  // namespace ipw::execution
