// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/sampler_pool.h"

#include <fmt/format.h>
#include <sys/prctl.h>

#include <algorithm>

namespace ipw::telemetry {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A poll that takes longer than this, or four periods, is late: goal F6 wants it told within 250 ms.
constexpr milliseconds kLeastLimit{200};
constexpr int kPeriodsLimit = 4;
/// A poll that has not returned for so long is given up together with its thread.
constexpr seconds kGiveUp{15};
/// Threads that hang stay in memory: after so many a library is left alone.
constexpr std::uint64_t kMostAbandoned = 4;
constexpr seconds kFirstPause{2}, kLongestPause{60};
/// Where nothing is under way the supervisor looks again after this.
constexpr seconds kIdleRound{1};
constexpr milliseconds kPatienceAtEnd{500};
constexpr double kMissedTold = 0.05;

Nanoseconds limit_of(Nanoseconds period) {
  return std::max<Nanoseconds>(kLeastLimit, kPeriodsLimit * period);
}

}  // namespace

SamplerPool::SamplerPool(Nanoseconds period, Clock& clock, SampleSink sink)
    : period_(period), clock_(clock), sink_(std::move(sink)), workshop_(clock) {}

SamplerPool::~SamplerPool() {
  stop();
}

std::size_t SamplerPool::number(const CollectorPlan& plan, Instant now) {
  slots_.push_back({plan, Slot::State::Making, now, kFirstPause, {}});
  return slots_.size() - 1;
}

void SamplerPool::begin_making(const std::vector<std::size_t>& slots, Instant now) {
  std::vector<std::pair<std::size_t, CollectorPlan>> plans;
  for (const std::size_t i : slots) {
    slots_[i].state = Slot::State::Making;
    slots_[i].since = now;
    plans.emplace_back(i, slots_[i].plan);
  }
  workshop_.make(std::move(plans));
}

std::vector<SamplerPool::Outcome> SamplerPool::open(const std::vector<CollectorPlan>& plans,
                                                    milliseconds patience, records::MachineInfo* machine) {
  const Instant begin = clock_.now();
  std::vector<Outcome> out;
  std::vector<std::size_t> waiting;
  std::size_t first = 0;
  {
    const std::scoped_lock lock(mutex_);
    first = slots_.size();
    for (const CollectorPlan& plan : plans) {
      waiting.push_back(number(plan, begin));
      Outcome& outcome = out.emplace_back();
      outcome.name = plan.name;
      outcome.pending = true;
    }
    // A library may hang at its start; the others must not wait for it.
    for (std::size_t i = 0; i < plans.size(); ++i) {
      std::vector<std::size_t> group;
      for (std::size_t k = 0; k < plans.size(); ++k) {
        if (plans[k].thread == plans[i].thread) group.push_back(first + k);
      }
      if (group.front() == first + i) begin_making(group, begin);
    }
  }
  while (!waiting.empty() && clock_.now() - begin < patience) {
    for (Made& made : workshop_.take(patience - (clock_.now() - begin))) {
      std::erase(waiting, made.plan);
      const std::scoped_lock lock(mutex_);
      if (made.plan >= first) {
        Outcome& outcome = out[made.plan - first];
        outcome.pending = false;
        outcome.error = made.error;
        outcome.probe = made.probe;
        if (made.collector) outcome.domains = made.collector->domains();
        if (made.collector && machine) made.collector->describe(*machine);
      }
      adopt(std::move(made), clock_.now());
    }
  }
  return out;
}

Nanoseconds SamplerPool::period_of(const std::string& thread) const {
  std::optional<Nanoseconds> least;
  for (const Slot& slot : slots_) {
    if (slot.plan.thread == thread)
      least = std::min(least.value_or(slot.plan.least_period), slot.plan.least_period);
  }
  const auto ratio = (least.value_or(period_) + period_ - Nanoseconds(1)) / period_;
  return period_ * std::max<std::int64_t>(1, ratio);
}

SamplerPool::Thread& SamplerPool::thread_of(const CollectorPlan& plan) {
  for (const auto& thread : threads_) {
    if (thread->sampler->options().name == plan.thread) return *thread;
  }
  Sampler::Options options{plan.thread, next_thread_++, period_of(plan.thread)};
  auto thread = std::make_unique<Thread>();
  thread->sampler = std::make_shared<Sampler>(options, clock_, sink_);
  if (started_) thread->sampler->start(origin_);
  return *threads_.emplace_back(std::move(thread));
}

void SamplerPool::adopt(Made made, Instant now) {
  Slot& slot = slots_[made.plan];
  if (!made.collector) return wait_again(slot, now, made.error ? made.error->what() : "it could not be made");
  slot.state = Slot::State::Running;
  slot.since = now;
  slot.cause.clear();
  Thread& thread = thread_of(slot.plan);
  thread.slots.push_back(made.plan);
  thread.sampler->add({slot.plan.name, std::move(made.collector), slot.plan.least_period});
}

void SamplerPool::wait_again(Slot& slot, Instant now, std::string cause) {
  slot.state = slot.plan.retry ? Slot::State::Waiting : Slot::State::Off;
  slot.cause = std::move(cause);
  slot.since = now;
}

void SamplerPool::start() {
  const std::scoped_lock lock(mutex_);
  origin_ = clock_.now();
  started_ = true;
  for (const auto& thread : threads_) thread->sampler->start(origin_);
  supervisor_ = std::thread([this] { run(); });
}

void SamplerPool::stop() {
  stopping_ = true;
  workshop_.wake();
  if (supervisor_.joinable()) supervisor_.join();
  const std::scoped_lock lock(mutex_);
  for (const auto& thread : threads_) thread->sampler->request_stop();
  for (const auto& thread : threads_) {
    if (!thread->sampler->wait_for_end(kPatienceAtEnd)) thread->sampler->abandon();
  }
}

void SamplerPool::run() {
  prctl(PR_SET_NAME, "ipw-supervisor");
  while (!stopping_) {
    const Instant now = clock_.now();
    const Nanoseconds pause = std::max<Nanoseconds>(supervise(now) - now, milliseconds(1));
    for (Made& made : workshop_.take(pause)) {
      const std::scoped_lock lock(mutex_);
      adopt(std::move(made), clock_.now());
    }
  }
}

Instant SamplerPool::supervise(Instant now) {
  const std::scoped_lock lock(mutex_);
  // When this thread itself was held up (SIGSTOP, suspend), so were the polls: give them another round.
  const bool held_up = now - last_round_ > 2 * std::max<Nanoseconds>(kIdleRound, limit_of(period_));
  const bool first = last_round_ == Instant{};
  last_round_ = now;
  Instant next = now + kIdleRound;
  if (held_up && !first) return now + kLeastLimit;
  for (auto& thread : threads_) next = std::min(next, watch(*thread, now));
  std::erase_if(threads_, [](const auto& thread) { return thread->sampler == nullptr; });
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    if (slot.state != Slot::State::Waiting) continue;
    if (now - slot.since >= slot.pause) {
      slot.pause = std::min<Nanoseconds>(2 * slot.pause, kLongestPause);
      begin_making({i}, now);
    }
  }
  return next;
}

Instant SamplerPool::watch(Thread& thread, Instant now) {
  const Nanoseconds period = thread.sampler->options().period;
  const auto busy = thread.sampler->busy();
  if (!busy) {
    thread.told_stale.reset();
    return now + limit_of(period);
  }
  const Nanoseconds limit = limit_of(std::max(period, busy->least_period));
  if (now - busy->since < limit) return busy->since + limit;
  if (now - busy->since >= kGiveUp + limit) {
    give_up(thread, *busy, now);
    return now + limit;
  }
  if (!thread.told_stale || now - *thread.told_stale >= limit) {
    thread.told_stale = now;
    tell_stale(thread, *busy, now);
  }
  return *thread.told_stale + limit;
}

void SamplerPool::tell_stale(Thread& thread, const Sampler::Busy& busy, Instant now) {
  Sample sample;
  sample.tick = now;
  sample.thread = thread.sampler->options().id;
  const std::string reason =
      fmt::format("collector {} has not answered for {:.2f} s; its library or device hangs", busy.collector,
                  to_seconds(now - busy.since));
  for (const std::uint32_t domain : thread.sampler->known_domains())
    sample.silent.push_back({domain, reason, Cause::Stale});
  sink_.take(sample);
}

void SamplerPool::give_up(Thread& thread, const Sampler::Busy& busy, Instant now) {
  ++abandoned_;
  thread.sampler->abandon();
  for (const std::size_t i : thread.slots) {
    Slot& slot = slots_[i];
    slot.pause = kFirstPause * (std::int64_t{1} << std::min<std::uint64_t>(abandoned_, 5));
    wait_again(slot, now,
               fmt::format("a call of {} did not return, its thread was given up", busy.collector));
    if (abandoned_ >= kMostAbandoned) slot.state = Slot::State::Off;
  }
  incidents_.push_back(fmt::format("{}: a call has not returned for {:.0f} s; its thread was given up",
                                   busy.collector, to_seconds(now - busy.since)));
  thread.sampler = nullptr;
}

void SamplerPool::tick_all(Instant due) {
  std::vector<std::shared_ptr<Sampler>> samplers;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& thread : threads_) samplers.push_back(thread->sampler);
  }
  for (const auto& sampler : samplers) sampler->tick(due);
}

SelfReport SamplerPool::report() const {
  const std::scoped_lock lock(mutex_);
  SelfReport out;
  out.period_seconds = to_seconds(period_);
  out.problems = incidents_;
  Lateness lateness;
  ThreadReport longest;
  for (const auto& thread : threads_) {
    const ThreadReport report = thread->sampler->report();
    const auto& options = thread->sampler->options();
    out.cpu_seconds += report.cpu_seconds;
    if (report.longest_pause > longest.longest_pause) longest = report;
    const auto all = static_cast<double>(report.ticks + report.missed);
    if (options.period != period_) {
      if (static_cast<double>(report.missed) > kMissedTold * all)
        out.problems.push_back(
            fmt::format("thread {}: {} of {} ticks missed", options.name, report.missed, all));
      continue;
    }
    out.ticks += report.ticks;
    out.missed_ticks += report.missed;
    lateness.add(report.lateness);
    if (!report.first) continue;
    const double wall = to_seconds(*report.last - *report.first);
    out.wall_seconds = std::max(out.wall_seconds, wall);
    if (report.ticks > 1 && wall > 0) {
      const double hz = static_cast<double>(report.ticks - 1) / wall;
      out.achieved_hz = out.achieved_hz > 0 ? std::min(out.achieved_hz, hz) : hz;
    }
  }
  if (longest.pauses > 0) {
    out.problems.push_back(
        fmt::format("sampling stood still {} time(s), {:.1f} s at most: the process was stopped or starved",
                    longest.pauses, to_seconds(longest.longest_pause)));
  }
  out.lateness_p50_seconds = lateness.quantile_seconds(0.5);
  out.lateness_p99_seconds = lateness.quantile_seconds(0.99);
  out.lateness_p999_seconds = lateness.quantile_seconds(0.999);
  out.lateness_max_seconds = lateness.max_seconds();
  return out;
}

}  // namespace ipw::telemetry
