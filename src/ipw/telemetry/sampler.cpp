// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/sampler.h"

#include <sys/prctl.h>

#include <algorithm>
#include <ctime>
#include <exception>

namespace ipw::telemetry {

namespace {

/// A thread that is asked to stop notices it after so long.
constexpr auto kSlice = std::chrono::milliseconds(200);
constexpr auto kPause = std::chrono::seconds(1);

double thread_cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

}  // namespace

Sampler::Sampler(Options options, Clock& clock, SampleSink sink)
    : options_(std::move(options)), clock_(clock), sink_(std::move(sink)) {}

void Sampler::add(Seat seat) {
  auto member = std::make_unique<Member>(Member{std::move(seat), {}, {}});
  learn_domains(*member);
  const std::scoped_lock lock(mutex_);
  newcomers_.push_back(std::move(member));
}

void Sampler::start(Instant origin) {
  thread_ = std::thread([self = shared_from_this(), origin] { self->run(origin); });
}

bool Sampler::wait_for_end(std::chrono::milliseconds patience) {
  if (!thread_.joinable()) return true;
  {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, patience, [&] { return ended_; })) return false;
  }
  thread_.join();
  return true;
}

void Sampler::abandon() {
  request_stop();
  const std::scoped_lock lock(gate_);
  abandoned_ = true;
  clock_.end();
  if (thread_.joinable()) thread_.detach();
}

void Sampler::run(Instant origin) {
  // The default slack of 50 us would be added to every wake-up.
  prctl(PR_SET_TIMERSLACK, 1UL);
  prctl(PR_SET_NAME, ("ipw-" + options_.name).substr(0, 15).c_str());
  thread_cpu_at_start_ = thread_cpu_seconds();
  Instant due = origin;
  if (const Instant now = clock_.now(); now > due)
    due += (1 + (now - due) / options_.period) * options_.period;
  while (!stopping_) {
    sleep_until(due);
    if (!stopping_) due = tick(due);
  }
  const std::scoped_lock lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void Sampler::sleep_until(Instant due) {
  for (Instant now = clock_.now(); now < due && !stopping_; now = clock_.now())
    clock_.sleep_until(std::min(due, now + kSlice));
}

void Sampler::adopt_newcomers() {
  const std::scoped_lock lock(mutex_);
  std::ranges::move(newcomers_, std::back_inserter(members_));
  newcomers_.clear();
}

Instant Sampler::tick(Instant due) {
  const Instant woke = clock_.now();
  adopt_newcomers();
  std::vector<Polled> polled;
  for (const auto& member : members_) {
    if (member->due && due < *member->due) continue;
    member->due = due + member->seat.least_period;
    polled.push_back({member.get(), poll(*member)});
  }
  if (!polled.empty() && !deliver(due, std::move(polled))) return due;

  const Nanoseconds period = options_.period;
  Instant next = due + period;
  std::uint64_t missed = 0;
  if (const Instant now = clock_.now(); now > next) {
    missed = static_cast<std::uint64_t>((now - next) / period);
    next += period * static_cast<std::int64_t>(missed);
    if (next < now) {
      ++missed;
      next += period;
    }
  }
  account(due, woke, missed);
  return next;
}

Sample Sampler::poll(Member& member) {
  {
    const std::scoped_lock lock(mutex_);
    busy_ = Busy{clock_.now(), member.seat.name, member.seat.least_period};
  }
  Sample own;
  try {
    member.seat.collector->poll(clock_, own);
  } catch (const std::exception& e) {
    own = {};
    for (std::uint32_t i = 0; i < member.seat.collector->domains().size(); ++i)
      own.silent.emplace_back(i, e.what());
  }
  const std::scoped_lock lock(mutex_);
  busy_.reset();
  return own;
}

bool Sampler::deliver(Instant due, std::vector<Polled> polled) {
  const std::scoped_lock gate(gate_);
  if (abandoned_) return false;
  Sample sample;
  sample.tick = due;
  sample.thread = options_.id;
  for (auto& [member, own] : polled) merge(*member, std::move(own), sample);
  sink_.take(sample);
  return true;
}

void Sampler::learn_domains(Member& member) {
  const auto& domains = member.seat.collector->domains();
  while (member.indices.size() < domains.size()) {
    const std::uint32_t index = sink_.add(domains[member.indices.size()]);
    member.indices.push_back(index);
    const std::scoped_lock lock(mutex_);
    known_.push_back(index);
  }
}

void Sampler::merge(Member& member, Sample&& from, Sample& to) {
  learn_domains(member);
  const auto known = [&](const auto& item) { return item.domain < member.indices.size(); };
  for (Reading& reading : from.readings) {
    if (!known(reading)) continue;
    reading.domain = member.indices[reading.domain];
    to.readings.push_back(reading);
  }
  for (Silence& silence : from.silent) {
    if (!known(silence)) continue;
    silence.domain = member.indices[silence.domain];
    to.silent.push_back(std::move(silence));
  }
  for (GaugeReading& gauge : from.gauges) {
    if (gauge.domain != GaugeReading::kMachine) {
      if (!known(gauge)) continue;
      gauge.domain = member.indices[gauge.domain];
    }
    to.gauges.push_back(gauge);
  }
}

void Sampler::account(Instant due, Instant woke, std::uint64_t missed) {
  const std::scoped_lock lock(mutex_);
  ++report_.ticks;
  report_.missed += missed;
  report_.cpu_seconds = thread_cpu_seconds() - thread_cpu_at_start_;
  report_.lateness.add(woke - due);
  const Nanoseconds pause = missed * options_.period;
  if (pause >= kPause) ++report_.pauses;
  report_.longest_pause = std::max(report_.longest_pause, pause);
  if (!report_.first) report_.first = due;
  report_.last = woke;
}

std::optional<Sampler::Busy> Sampler::busy() const {
  const std::scoped_lock lock(mutex_);
  return busy_;
}

std::vector<std::uint32_t> Sampler::known_domains() const {
  const std::scoped_lock lock(mutex_);
  return known_;
}

ThreadReport Sampler::report() const {
  const std::scoped_lock lock(mutex_);
  return report_;
}

}  // namespace ipw::telemetry
