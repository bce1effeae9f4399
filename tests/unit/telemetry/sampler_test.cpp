// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/sampler.h"

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

#include "build.h"
#include "ipw/base/error.h"

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

std::vector<std::unique_ptr<Collector>> group_of(std::unique_ptr<Collector> a,
                                                 std::unique_ptr<Collector> b = nullptr) {
  std::vector<std::unique_ptr<Collector>> out;
  out.push_back(std::move(a));
  if (b) out.push_back(std::move(b));
  return out;
}

TEST(Sampler, keeps_absolute_deadlines) {
  VirtualClock clock;
  std::vector<Instant> ticks;
  Sampler sampler(group_of(std::make_unique<Fake>("a", [&](Sample&) { clock.advance(milliseconds(7)); })),
                  milliseconds(50), clock, [&](const Sample& s) { ticks.push_back(s.tick); });
  Instant due{};
  for (int n = 0; n < 100; ++n) clock.sleep_until(due = sampler.tick(due));
  EXPECT_EQ(ticks.back(), Instant(99 * milliseconds(50)));
  EXPECT_EQ(sampler.report().missed_ticks, 0U);
}

TEST(Sampler, skips_and_counts_missed_ticks) {
  VirtualClock clock;
  Sampler sampler(group_of(std::make_unique<Fake>("a", [&](Sample&) { clock.advance(milliseconds(120)); })),
                  milliseconds(50), clock, [](const Sample&) {});
  EXPECT_EQ(sampler.tick(Instant{}), Instant(milliseconds(150)));
  EXPECT_EQ(sampler.report().missed_ticks, 2U);
}

TEST(Sampler, a_collector_that_throws_is_silent_and_disturbs_nobody) {
  VirtualClock clock;
  Sample last;
  Sampler sampler(
      group_of(std::make_unique<Fake>("a", [](Sample&) { throw std::runtime_error("GPU is lost"); }),
               std::make_unique<Fake>("b", [](Sample& s) { s.readings.push_back(energy_reading(0, 5)); })),
      milliseconds(50), clock, [&](const Sample& s) { last = s; });
  sampler.tick(clock.now());
  ASSERT_EQ(last.silent.size(), 1U);
  EXPECT_EQ(last.silent[0], (Silence{0U, "GPU is lost"}));
  ASSERT_EQ(last.readings.size(), 1U);
  EXPECT_EQ(last.readings[0].domain, 1U);
}

TEST(Sampler, reports_lateness_and_rate) {
  VirtualClock clock;
  Sampler sampler(group_of(std::make_unique<Fake>("a", [](Sample&) {})), milliseconds(50), clock,
                  [](const Sample&) {});
  Instant due{};
  for (int n = 0; n < 101; ++n) {
    clock.advance(milliseconds(2));
    clock.sleep_until(due = sampler.tick(due));
  }
  const SelfReport report = sampler.report();
  EXPECT_EQ(report.ticks, 101U);
  EXPECT_NEAR(report.lateness_p50_seconds, 0.002, 0.0002);
  EXPECT_NEAR(report.achieved_hz, 20, 0.1);
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
