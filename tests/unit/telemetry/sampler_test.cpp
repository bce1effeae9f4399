// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/sampler.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

#include "build.h"
#include "ipw/base/error.h"
#include "ipw/telemetry/history.h"

namespace ipw::telemetry {
namespace {

using std::chrono::milliseconds;

class Fake final : public Collector {
 public:
  Fake(std::string name, std::function<void(Sample&)> poll)
      : domains_{make_domain(std::move(name))}, poll_(std::move(poll)) {}
  const std::vector<Domain>& domains() const override { return domains_; }
  void poll(Clock&, Sample& sample) override { poll_(sample); }

 private:
  std::vector<Domain> domains_;
  std::function<void(Sample&)> poll_;
};

/// A driver that finds one GPU after the other.
class Growing final : public Collector {
 public:
  Growing() { plug_in(); }
  void plug_in() { domains_.push_back(make_domain(fmt::format("gpu-{}", domains_.size()))); }
  const std::vector<Domain>& domains() const override { return domains_; }
  void poll(Clock&, Sample& sample) override {
    for (std::uint32_t i = 0; i < domains_.size(); ++i) sample.readings.push_back(energy_reading(1, 5, i));
  }

 private:
  std::vector<Domain> domains_;
};

/// A sampler without a thread, and all that it delivered.
struct Bench {
  explicit Bench(VirtualClock& clock, Nanoseconds period = milliseconds(50))
      : sampler(
            std::make_shared<Sampler>(Sampler::Options{"files", 0, period}, clock,
                                      SampleSink{[this](const Domain& domain) { return history.add(domain); },
                                                 [this](Sample& sample) {
                                                   samples.push_back(sample);
                                                   history.feed(sample);
                                                 }})) {}
  void add(std::string name, std::function<void(Sample&)> poll, Nanoseconds least_period = {}) {
    auto fake = std::make_unique<Fake>(name, std::move(poll));
    sampler->add({std::move(name), std::move(fake), least_period});
  }
  History history{std::vector<Domain>{}};
  std::vector<Sample> samples;
  std::shared_ptr<Sampler> sampler;
};

TEST(Sampler, keeps_absolute_deadlines) {
  VirtualClock clock;
  Bench bench(clock);
  bench.add("a", [&](Sample&) { clock.advance(milliseconds(7)); });
  Instant due{};
  for (int n = 0; n < 100; ++n) clock.sleep_until(due = bench.sampler->tick(due));
  EXPECT_EQ(bench.samples.back().tick, Instant(99 * milliseconds(50)));
  EXPECT_EQ(bench.sampler->report().missed, 0U);
}

TEST(Sampler, skips_and_counts_missed_ticks) {
  VirtualClock clock;
  Bench bench(clock);
  bench.add("a", [&](Sample&) { clock.advance(milliseconds(120)); });
  EXPECT_EQ(bench.sampler->tick(Instant{}), Instant(milliseconds(150)));
  EXPECT_EQ(bench.sampler->report().missed, 2U);
}

TEST(Sampler, a_collector_that_throws_is_silent_and_disturbs_nobody) {
  VirtualClock clock;
  Bench bench(clock);
  bench.add("a", [](Sample&) { throw std::runtime_error("GPU is lost"); });
  bench.add("b", [](Sample& s) { s.readings.push_back(energy_reading(0, 5)); });
  bench.sampler->tick(clock.now());
  const Sample& last = bench.samples.back();
  ASSERT_EQ(last.silent.size(), 1U);
  EXPECT_EQ(last.silent[0], (Silence{0U, "GPU is lost"}));
  ASSERT_EQ(last.readings.size(), 1U);
  EXPECT_EQ(last.readings[0].domain, 1U);
}

TEST(Sampler, polls_no_collector_more_often_than_it_wants) {
  VirtualClock clock;
  Bench bench(clock);
  int fast = 0, slow = 0;
  bench.add("fast", [&](Sample&) { ++fast; });
  bench.add(
      "slow", [&](Sample&) { ++slow; }, milliseconds(190));
  Instant due{};
  for (int n = 0; n < 41; ++n) clock.sleep_until(due = bench.sampler->tick(due));
  EXPECT_EQ(fast, 41);
  EXPECT_EQ(slow, 11);
}

TEST(Sampler, F5_a_device_that_appears_is_a_domain_behind_the_others) {
  VirtualClock clock;
  Bench bench(clock);
  auto growing = std::make_unique<Growing>();
  Growing& devices = *growing;
  bench.sampler->add({"nvml", std::move(growing), {}});
  bench.add("rapl", [](Sample& s) { s.readings.push_back(energy_reading(1, 5)); });
  bench.sampler->tick(Instant{});
  devices.plug_in();
  bench.sampler->tick(Instant(milliseconds(50)));
  const DomainList domains = bench.history.domains();
  ASSERT_EQ(domains.size(), 3U);
  EXPECT_EQ(domains[1].name, "rapl");
  EXPECT_EQ(domains[2].name, "gpu-1");
  ASSERT_EQ(bench.samples.back().readings.size(), 3U);
  EXPECT_EQ(bench.samples.back().readings[1].domain, 2U);
}

TEST(Sampler, reports_lateness) {
  VirtualClock clock;
  Bench bench(clock);
  bench.add("a", [](Sample&) {});
  Instant due{};
  for (int n = 0; n < 101; ++n) {
    clock.advance(milliseconds(2));
    clock.sleep_until(due = bench.sampler->tick(due));
  }
  const ThreadReport report = bench.sampler->report();
  EXPECT_EQ(report.ticks, 101U);
  EXPECT_NEAR(report.lateness.quantile_seconds(0.5), 0.002, 0.0002);
}

TEST(LocalSource, M29_says_memory_and_models_energy_where_there_is_no_counter) {
  SystemClock clock;
  SourceOptions options;
  options.sysfs_root = std::string(IPW_SOURCE_DIR) + "/tests/fixtures/sysfs/virtual-machine";
  const auto source = open_local(options, clock);
  ASSERT_EQ(source->domains().size(), 1U);
  EXPECT_EQ(source->domains()[0].name, "cpu-modelled");
  EXPECT_EQ(source->machine().cpu_brand, "AMD EPYC");
}

TEST(LocalSource, does_not_model_where_a_package_is_counted) {
  SystemClock clock;
  SourceOptions options;
  options.sysfs_root = std::string(IPW_SOURCE_DIR) + "/tests/fixtures/sysfs/two-sockets";
  const auto source = open_local(options, clock);
  for (const Domain& domain : source->domains()) EXPECT_EQ(domain.collector, "rapl");
}

TEST(LocalSource, M12_keeps_an_unreadable_sensor_beside_the_model) {
  SystemClock clock;
  SourceOptions options;
  options.sysfs_root = std::string(IPW_SOURCE_DIR) + "/tests/fixtures/sysfs/unreadable";
  const auto source = open_local(options, clock);
  ASSERT_EQ(source->domains().size(), 2U);
  EXPECT_EQ(source->domains()[1].method, Method::Modelled);
}

TEST(LocalSource, a_named_collector_that_cannot_run_says_why) {
  SystemClock clock;
  SourceOptions options;
  options.sysfs_root = std::string(IPW_SOURCE_DIR) + "/tests/fixtures/sysfs/unreadable";
  options.collectors = {"rapl"};
  try {
    open_local(options, clock);
    FAIL() << "it ran";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Unavailable);
    EXPECT_NE(std::string(e.what()).find("energy_uj"), std::string::npos);
  }
  options.collectors = {"rapll"};
  EXPECT_THROW(open_local(options, clock), Error);
}

TEST(LocalSource, a_machine_with_nothing_at_all_still_has_a_source) {
  SystemClock clock;
  SourceOptions options;
  options.sysfs_root = std::string(IPW_SOURCE_DIR) + "/tests/fixtures/sysfs/nothing";
  EXPECT_TRUE(open_local(options, clock)->domains().empty());
}

}  // namespace
}  // namespace ipw::telemetry
