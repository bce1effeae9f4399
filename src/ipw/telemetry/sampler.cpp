// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/sampler.h"

#include <sys/prctl.h>

#include <ctime>
#include <exception>

namespace ipw::telemetry {

namespace {

double thread_cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

}  // namespace

Sampler::Sampler(std::vector<std::unique_ptr<Collector>> group, Nanoseconds period, Clock& clock, Sink sink)
    : period_(period), clock_(clock), sink_(std::move(sink)) {
  for (auto& collector : group) {
    const auto first = static_cast<std::uint32_t>(domains_.size());
    domains_.insert(domains_.end(), collector->domains().begin(), collector->domains().end());
    group_.push_back({std::move(collector), first});
  }
  report_.period_seconds = to_seconds(period);
}

Sampler::~Sampler() {
  stop();
}

void Sampler::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Sampler::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Sampler::run(const std::stop_token& stop) {
  // The default slack of 50 us would be added to every wake-up.
  prctl(PR_SET_TIMERSLACK, 1UL);
  prctl(PR_SET_NAME, "ipw-sampler");
  thread_cpu_at_start_ = thread_cpu_seconds();
  Instant due = clock_.now();
  while (!stop.stop_requested()) {
    due = tick(due);
    clock_.sleep_until(due);
  }
}

Instant Sampler::tick(Instant due) {
  const Instant woke = clock_.now();
  Sample sample;
  sample.sequence = sequence_++;
  sample.tick = due;
  for (const Member& member : group_) poll(member, sample);
  sink_(sample);

  Instant next = due + period_;
  std::uint64_t missed = 0;
  if (const Instant now = clock_.now(); now > next) {
    missed = static_cast<std::uint64_t>((now - next) / period_);
    next += period_ * static_cast<std::int64_t>(missed);
    if (next < now) {
      ++missed;
      next += period_;
    }
  }
  account(due, woke, missed);
  return next;
}

void Sampler::poll(const Member& member, Sample& sample) {
  Sample own;
  try {
    member.collector->poll(clock_, own);
  } catch (const std::exception& e) {
    own.readings.clear();
    own.silent.clear();
    for (std::uint32_t i = 0; i < member.collector->domains().size(); ++i)
      own.silent.emplace_back(i, e.what());
  }
  for (Reading& reading : own.readings) {
    reading.domain += member.first_domain;
    sample.readings.push_back(reading);
  }
  for (Silence& silence : own.silent) {
    silence.domain += member.first_domain;
    sample.silent.push_back(std::move(silence));
  }
  for (GaugeReading& gauge : own.gauges) {
    if (gauge.domain != GaugeReading::kMachine) gauge.domain += member.first_domain;
    sample.gauges.push_back(gauge);
  }
}

void Sampler::account(Instant due, Instant woke, std::uint64_t missed) {
  const std::scoped_lock lock(mutex_);
  ++report_.ticks;
  report_.missed_ticks += missed;
  report_.cpu_seconds = thread_cpu_seconds() - thread_cpu_at_start_;
  lateness_.add(woke - due);
  if (!first_) first_ = due;
  last_ = woke;
}

SelfReport Sampler::report() const {
  const std::scoped_lock lock(mutex_);
  SelfReport out = report_;
  out.lateness_p50_seconds = lateness_.quantile_seconds(0.5);
  out.lateness_p99_seconds = lateness_.quantile_seconds(0.99);
  out.lateness_max_seconds = lateness_.max_seconds();
  if (first_) out.wall_seconds = to_seconds(*last_ - *first_);
  if (out.ticks > 1 && out.wall_seconds > 0)
    out.achieved_hz = static_cast<double>(out.ticks - 1) / out.wall_seconds;
  return out;
}

}  // namespace ipw::telemetry
