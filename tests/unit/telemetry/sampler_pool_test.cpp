// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/sampler_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "build.h"
#include "ipw/telemetry/intake.h"
#include "support/goal.h"

namespace ipw::telemetry {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A clock that a test moves while threads sleep on it.
class SteppedClock final : public Clock {
 public:
  Instant now() const override {
    const std::scoped_lock lock(mutex_);
    return now_;
  }
  WallTime wall() const override { return {}; }
  void sleep_until(Instant deadline) override {
    std::unique_lock lock(mutex_);
    moved_.wait(lock, [&] { return now_ >= deadline || open_; });
  }
  void step(Nanoseconds by) {
    const std::scoped_lock lock(mutex_);
    now_ += by;
    moved_.notify_all();
  }
  /// Let nobody sleep any more.
  void open() {
    const std::scoped_lock lock(mutex_);
    open_ = true;
    moved_.notify_all();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable moved_;
  Instant now_{seconds(100)};
  bool open_ = false;
};

/// A device whose library hangs while it is told to; shared by all collectors that are made for it.
class Library {
 public:
  void hang(bool on) {
    const std::scoped_lock lock(mutex_);
    hangs_ = on;
    changed_.notify_all();
  }
  void call(Instant now) {
    std::unique_lock lock(mutex_);
    ++calls_;
    if (hangs_ && !hung_at_) hung_at_ = now;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !hangs_; });
  }
  /// When the first call began to hang; waits a moment for it.
  std::optional<Instant> hung_at() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, milliseconds(20), [&] { return hung_at_.has_value(); });
    return hung_at_;
  }
  /// Wait for a call, but not for ever: a thread that was late skips a tick.
  void wait_for_calls(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, milliseconds(20), [&] { return calls_ >= count; });
  }
  int calls() {
    const std::scoped_lock lock(mutex_);
    return calls_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool hangs_ = false;
  int calls_ = 0;
  std::optional<Instant> hung_at_;
};

class OneDomain final : public Collector {
 public:
  OneDomain(const std::string& name, std::shared_ptr<Library> library)
      : domains_{make_domain(name)}, library_(std::move(library)) {
    domains_[0].collector = name;
  }
  const std::vector<Domain>& domains() const override { return domains_; }
  void poll(Clock& clock, Sample& sample) override {
    library_->call(clock.now());
    sample.readings.push_back({0, clock.now(), {}, 100 * to_seconds(clock.now().time_since_epoch()), {}});
  }

 private:
  std::vector<Domain> domains_;
  std::shared_ptr<Library> library_;
};

CollectorPlan plan(std::string name, std::string thread, std::shared_ptr<Library> library) {
  CollectorPlan out;
  out.name = name;
  out.thread = std::move(thread);
  out.retry = true;
  out.make = [name, library] { return std::make_unique<OneDomain>(name, library); };
  return out;
}

/// A pool with a good thread and one that may hang.
class Pool : public testing::Test {
 protected:
  Pool()
      : intake_(clock_),
        pool_({milliseconds(50), false}, clock_,
              {[this](const Domain& d, std::uint32_t o) { return intake_.add(d, o); },
               [this](Sample& s) { take(s); }}) {
    pool_.open({plan("good", "files", good_), plan("bad", "vendor", bad_)}, seconds(20));
    pool_.start();
  }
  ~Pool() override {
    bad_->hang(false);
    clock_.open();
    pool_.stop();
  }
  void take(Sample& sample) {
    intake_.take(sample);
    const std::scoped_lock lock(mutex_);
    samples_.push_back(sample);
  }
  /// Move on, let the good thread take its tick, and look after the threads.
  void step(Nanoseconds by) {
    const int before = good_->calls();
    clock_.step(by);
    good_->wait_for_calls(before + 1);
    pool_.supervise(clock_.now());
  }
  int stale(const std::string& name) {
    const std::scoped_lock lock(mutex_);
    int count = 0;
    const DomainList domains = intake_.history().domains();
    for (const Sample& sample : samples_) {
      for (const Silence& silence : sample.silent)
        count += silence.cause == Cause::Stale && domains[silence.domain].name == name;
    }
    return count;
  }
  /// Let the bad library hang and move on until a call does.
  Instant hang() {
    bad_->hang(true);
    while (!bad_->hung_at()) step(milliseconds(50));
    return *bad_->hung_at();
  }
  bool has_reading(std::uint32_t domain, Instant since) {
    const std::scoped_lock lock(mutex_);
    return std::ranges::any_of(samples_, [&](const Sample& sample) {
      return std::ranges::any_of(sample.readings,
                                 [&](const Reading& r) { return r.domain == domain && r.mid >= since; });
    });
  }
  /// Move on until a domain has been read at or after an instant.
  void run_until_reading(std::uint32_t domain, Instant since) {
    while (!has_reading(domain, since)) {
      step(milliseconds(50));
      std::this_thread::yield();
    }
  }

  std::shared_ptr<Library> good_ = std::make_shared<Library>(), bad_ = std::make_shared<Library>();
  SteppedClock clock_;
  std::mutex mutex_;
  std::vector<Sample> samples_;
  Intake intake_;
  SamplerPool pool_;
};

TEST_F(Pool, F6_a_hanging_library_makes_its_own_domains_stale_and_comes_back) {
  step(milliseconds(50));
  const Instant hung = hang();
  int told_after_ms = 0;
  for (int n = 0; n < 8 && told_after_ms == 0; ++n) {
    step(milliseconds(50));
    if (stale("bad") > 0) told_after_ms = static_cast<int>((clock_.now() - hung) / milliseconds(1));
  }
  EXPECT_GT(told_after_ms, 100);
  EXPECT_LE(told_after_ms, 250);
  EXPECT_EQ(stale("good"), 0);
  const Instant end = clock_.now();  // of a window, which the call that hangs must not hold up
  for (int n = 0; n < 40 && !intake_.history().settled(end); ++n) step(milliseconds(50));
  EXPECT_TRUE(intake_.history().settled(end));
  for (int n = 0; n < 9; ++n) step(seconds(1));
  bad_->hang(false);
  run_until_reading(1, hung + seconds(9));
  EXPECT_TRUE(pool_.report().problems.empty() ||
              pool_.report().problems[0].find("given up") == std::string::npos);
}

TEST_F(Pool, F7_a_call_that_never_returns_costs_its_thread_and_the_collector_is_made_anew) {
  step(milliseconds(50));
  hang();
  for (int n = 0; n < 17; ++n) step(seconds(1));
  const auto problems = pool_.report().problems;
  const bool told = std::ranges::any_of(
      problems, [](const std::string& p) { return p.find("bad: a call has not returned") == 0; });
  EXPECT_TRUE(told);
  bad_->hang(false);  // the next attempt succeeds; the one that hung must not count any more
  const Instant freed = clock_.now();
  for (int n = 0; n < 10; ++n) step(seconds(1));
  run_until_reading(1, freed);
  EXPECT_EQ(intake_.history().domains().size(), 2U);
  report_goal("F7", told,
              "the thread is given up after 15 s and counted, the collector runs again on another");
}

TEST(SamplerPool, F3_a_driver_that_appears_later_is_found) {
  SteppedClock clock;
  Intake intake(clock);
  SamplerPool pool({milliseconds(50), false}, clock,
                   {[&](const Domain& d, std::uint32_t o) { return intake.add(d, o); },
                    [&](Sample& s) { intake.take(s); }});
  std::atomic<bool> loaded{false};
  auto later = plan("nvml", "vendor", std::make_shared<Library>());
  later.make = [&loaded, make = later.make] {
    if (!loaded) throw Error(ErrorCode::Unavailable, "driver not loaded");
    return make();
  };
  const auto outcomes = pool.open({later}, seconds(20));
  ASSERT_TRUE(outcomes.at(0).error);
  EXPECT_TRUE(intake.history().domains().empty());
  loaded = true;
  pool.start();
  for (int n = 0; n < 4; ++n) {
    clock.step(seconds(1));
    pool.supervise(clock.now());
  }
  for (int n = 0; n < 2000 && intake.history().domains().empty(); ++n)
    std::this_thread::sleep_for(milliseconds(5));
  ASSERT_EQ(intake.history().domains().size(), 1U);
  report_goal("F3", true, "a driver that is loaded later is found by an attempt every 2 s, then up to 60 s");
  clock.open();
  pool.stop();
}

TEST(SamplerPool, a_library_that_hangs_at_its_start_does_not_hold_the_others_up) {
  SystemClock clock;
  Intake intake(clock);
  const auto bad = std::make_shared<Library>();
  bad->hang(true);
  {
    SamplerPool pool({milliseconds(50), false}, clock,
                     {[&](const Domain& d, std::uint32_t o) { return intake.add(d, o); },
                      [&](Sample& s) { intake.take(s); }});
    const auto outcomes = pool.open(
        {plan("good", "files", std::make_shared<Library>()), plan("bad", "vendor", bad)}, milliseconds(50));
    EXPECT_FALSE(outcomes.at(0).pending);
    EXPECT_TRUE(outcomes.at(1).pending);
    EXPECT_EQ(intake.history().domains().size(), 1U);
  }
  bad->hang(false);
}

TEST(SamplerPool, a_thread_is_as_slow_as_its_slowest_collector_wants_but_no_slower) {
  SteppedClock clock;
  Intake intake(clock);
  SamplerPool pool({milliseconds(50), false}, clock,
                   {[&](const Domain& d, std::uint32_t o) { return intake.add(d, o); },
                    [&](Sample& s) { intake.take(s); }});
  const auto meter = std::make_shared<Library>();
  auto slow = plan("meter", "network", meter);
  slow.least_period = milliseconds(990);
  pool.open({slow}, seconds(20));
  const int probed = meter->calls();
  for (int n = 0; n < 20; ++n) pool.tick_all(Instant(milliseconds(1000 * n)));
  EXPECT_EQ(meter->calls() - probed, 20);
  clock.open();
}

}  // namespace
}  // namespace ipw::telemetry
