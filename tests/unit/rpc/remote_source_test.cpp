// SPDX-License-Identifier: Apache-2.0
#include "ipw/rpc/remote_source.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <mutex>

#include "fake_source.h"
#include "ipw/base/error.h"

namespace ipw::rpc {
namespace {

/// What the monitor does next: a sample, an original reading, or the end of the stream.
struct Event {
  std::optional<telemetry::Sample> sample;
  std::optional<OriginalReading> original;
  std::uint64_t dropped = 0;
  std::string end;
};

/// The script of a monitor, shared with the test. Its clock is an hour ahead.
class Script {
 public:
  explicit Script(Clock& time) : clock(time) {}
  void push(Event event) {
    const std::lock_guard lock(mutex);
    events.push_back(std::move(event));
    changed.notify_all();
  }
  std::optional<Event> pop(const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    if (!changed.wait(lock, stop, [&] { return !events.empty(); })) return std::nullopt;
    Event event = std::move(events.front());
    events.pop_front();
    return event;
  }

  Clock& clock;
  Nanoseconds skew = std::chrono::hours(1);
  std::mutex mutex;
  std::condition_variable_any changed;
  std::deque<Event> events;
  std::vector<telemetry::Domain> domains;
  bool original = false;
};

class ScriptedTransport final : public Transport {
 public:
  explicit ScriptedTransport(Script& script) : script_(script) {}
  std::optional<Description> describe() override {
    if (script_.original) return std::nullopt;
    const std::lock_guard lock(script_.mutex);
    return Description{"1", {}, 0.05, {}, script_.domains, {}};
  }
  std::optional<Instant> clock() override { return script_.clock.now() + script_.skew; }
  WindowAnswer window(Instant, Instant, const std::vector<std::string>&) override { return {}; }
  std::string stream(bool, const StreamSinks& sinks, std::stop_token stop) override {
    while (auto event = script_.pop(stop)) {
      if (event->sample)
        sinks.sample(*event->sample, event->dropped);
      else if (event->original)
        sinks.original(*event->original);
      else
        return event->end;
    }
    return "cancelled";
  }

 private:
  Script& script_;
};

class RemoteSourceTest : public testing::Test {
 protected:
  RemoteSourceTest() { clock.advance(std::chrono::hours(5)); }

  std::unique_ptr<telemetry::Source> open() {
    return open_remote(std::make_unique<ScriptedTransport>(script), clock, "node7:50053");
  }
  /// The instant so many ticks after the start, on our clock.
  Instant local(int i) const { return start + i * std::chrono::milliseconds(50); }
  void sample(int i, double joules, std::uint64_t dropped = 0) {
    telemetry::Sample made;
    made.sequence = static_cast<std::uint64_t>(i);
    made.tick = local(i) + script.skew;
    for (std::uint32_t d = 0; d < script.domains.size(); ++d) {
      made.readings.push_back({d, made.tick, Nanoseconds(100), joules, std::nullopt});
    }
    script.push({made, {}, dropped, {}});
  }
  void end(std::string reason) { script.push({{}, {}, 0, std::move(reason)}); }
  static void wait_for_ticks(const telemetry::Source& source, std::uint64_t ticks) {
    while (source.self().ticks < ticks) std::this_thread::yield();
  }
  static std::string problems(const telemetry::Source& source) {
    std::string text;
    for (const auto& line : source.self().problems) text += line + "\n";
    return text;
  }

  VirtualClock clock;
  Script script{clock};
  const Instant start = Instant(std::chrono::hours(5));
};

TEST_F(RemoteSourceTest, measures_windows_on_our_clock_although_the_monitors_is_an_hour_ahead) {
  script.domains = {make_domain("package-0", telemetry::Scope::Package, "rapl")};
  for (int i = 0; i < 40; ++i) sample(i, 2.0 * i);
  const auto source = open();
  wait_for_ticks(*source, 40);
  const auto report = source->window(local(10), local(30));
  ASSERT_TRUE(report.energies.at(0).joules);
  EXPECT_NEAR(*report.energies[0].joules, 40, 0.2);
  EXPECT_TRUE(source->settled(local(35)));
  EXPECT_EQ(problems(*source), "");
}

TEST_F(RemoteSourceTest, M21_a_lost_monitor_is_a_problem_and_comes_back_with_its_counter) {
  script.domains = {make_domain("package-0", telemetry::Scope::Package, "rapl")};
  for (int i = 0; i < 10; ++i) sample(i, 2.0 * i);
  end("connection reset");
  for (int i = 30; i < 40; ++i) sample(i, 2.0 * i);
  const auto source = open();
  wait_for_ticks(*source, 20);
  EXPECT_NE(problems(*source).find("monitor node7:50053: lost 1 time(s)"), std::string::npos)
      << problems(*source);
  EXPECT_NE(problems(*source).find("connection reset"), std::string::npos);
  const auto across = source->window(local(5), local(35)).energies.at(0);
  EXPECT_NEAR(across.joules.value(), 60, 1);
  EXPECT_EQ(across.validity, std::vector<std::string>{"monitor-lost"});
  EXPECT_NE(across.reason.find("away for 1.1 s"), std::string::npos) << across.reason;
  EXPECT_TRUE(source->window(local(2), local(8)).energies.at(0).validity.empty());
}

TEST_F(RemoteSourceTest, M21_while_the_monitor_is_away_a_window_has_a_reason_instead_of_a_value) {
  script.domains = {make_domain("package-0", telemetry::Scope::Package, "rapl")};
  for (int i = 0; i < 10; ++i) sample(i, 2.0 * i);
  end("connection reset");
  const auto source = open();
  while (problems(*source).empty()) std::this_thread::yield();
  const auto energy = source->window(local(5), local(35)).energies.at(0);
  EXPECT_FALSE(energy.joules);
  EXPECT_NE(energy.reason.find("connection reset"), std::string::npos) << energy.reason;
  EXPECT_TRUE(source->settled(local(35)));
}

TEST_F(RemoteSourceTest, hands_silence_to_the_recording_too) {
  script.domains = {make_domain("package-0", telemetry::Scope::Package, "rapl")};
  sample(0, 0);
  const auto source = open();
  std::mutex mutex;
  std::vector<telemetry::Sample> recorded;
  source->tap([&](const telemetry::Sample& seen) {
    const std::lock_guard lock(mutex);
    recorded.push_back(seen);
  });
  end("gone");
  while (problems(*source).empty()) std::this_thread::yield();
  source->tap({});
  ASSERT_EQ(recorded.size(), 1U);
  EXPECT_EQ(recorded[0].silent.at(0).reason, "the monitor was lost: gone");
}

TEST_F(RemoteSourceTest, finds_domains_by_name_when_the_monitor_comes_back_with_others) {
  script.domains = {make_domain("a", telemetry::Scope::Package, "rapl"),
                    make_domain("b", telemetry::Scope::Package, "rapl")};
  sample(0, 0);
  const auto source = open();
  {
    const std::lock_guard lock(script.mutex);
    script.domains = {make_domain("b", telemetry::Scope::Package, "rapl")};
  }
  end("restarted");
  for (int i = 1; i < 10; ++i) sample(i, 2.0 * i);
  wait_for_ticks(*source, 10);
  const auto report = source->window(local(0), local(8));
  EXPECT_NE(report.energies.at(0).reason.find("came back without"), std::string::npos)
      << report.energies[0].reason;
  EXPECT_NEAR(report.energies.at(1).joules.value(), 16, 0.5);
}

TEST_F(RemoteSourceTest, F5_a_device_that_appears_at_the_monitor_is_a_domain_behind_the_others) {
  script.domains = {make_domain("a", telemetry::Scope::Package, "rapl")};
  sample(0, 0);
  const auto source = open();
  {
    const std::lock_guard lock(script.mutex);
    script.domains.push_back(make_domain("gpu-0", telemetry::Scope::Accelerator, "nvml"));
  }
  for (int i = 1; i < 10; ++i) sample(i, 2.0 * i);
  wait_for_ticks(*source, 10);
  ASSERT_EQ(source->domains().size(), 2U);
  EXPECT_EQ(source->domains()[1].name, "gpu-0");
  EXPECT_NEAR(source->window(local(2), local(8)).energies.at(1).joules.value(), 12, 0.5);
}

TEST_F(RemoteSourceTest, samples_of_two_threads_are_one_tick) {
  script.domains = {make_domain("a", telemetry::Scope::Package, "rapl")};
  for (int i = 0; i < 10; ++i) {
    sample(2 * i, 2.0 * i);
    telemetry::Sample other;
    other.sequence = static_cast<std::uint64_t>(2 * i + 1);
    other.tick = local(2 * i) + script.skew;
    script.push({other, {}, 0, {}});
  }
  const auto source = open();
  wait_for_ticks(*source, 10);
  EXPECT_NEAR(source->self().achieved_hz, 10, 0.5);
  EXPECT_EQ(source->self().missed_ticks, 0U);
}

TEST_F(RemoteSourceTest, counts_dropped_samples_apart_from_missed_ones) {
  script.domains = {make_domain("a", telemetry::Scope::Package, "rapl")};
  sample(1, 0);
  sample(5, 1, 3);  // 2, 3 and 4 were dropped for us
  sample(8, 2, 3);  // 6 and 7 were never taken
  const auto source = open();
  wait_for_ticks(*source, 3);
  EXPECT_EQ(source->self().dropped_samples, 3U);
  EXPECT_EQ(source->self().missed_ticks, 2U);
}

TEST_F(RemoteSourceTest, ignores_readings_of_domains_that_were_never_described) {
  script.domains = {make_domain("a", telemetry::Scope::Package, "rapl")};
  telemetry::Sample odd;
  odd.tick = start + script.skew;
  odd.readings = {{4'000'000'000U, odd.tick, {}, 1.0, {}}};
  odd.silent = {{77, "?"}};
  script.push({odd, {}, 0, {}});
  EXPECT_EQ(open()->self().ticks, 1U);
}

TEST_F(RemoteSourceTest, reads_a_monitor_that_has_the_originals_fields_only) {
  script.original = true;
  for (int i = 0; i < 40; ++i) {
    OriginalReading reading;
    reading.unix_ns = 1'700'000'000'000'000'000 + i * 50'000'000LL;
    reading.platform = "nvidia";
    reading.energy_joules = 3.0 * i;
    reading.cpu_memory_mb = 512;
    script.push({{}, reading, 0, {}});
  }
  const auto source = open();
  wait_for_ticks(*source, 40);
  ASSERT_EQ(source->domains().size(), 1U);
  EXPECT_EQ(source->domains()[0].name, "gpu");
  EXPECT_NE(source->description().find("original"), std::string::npos);
}

TEST_F(RemoteSourceTest, refuses_a_monitor_without_samples_and_says_why) {
  script.domains = std::vector<telemetry::Domain>(5000);
  EXPECT_THROW(open(), Error);
}

}  // namespace
}  // namespace ipw::rpc
