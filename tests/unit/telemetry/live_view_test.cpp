// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/live_view.h"

#include <gtest/gtest.h>

#include "build.h"

namespace ipw::telemetry {
namespace {

// A source whose windows are those of a constant power; what is tested is what the view asks of it.
class ConstantSource final : public Source {
 public:
  explicit ConstantSource(std::vector<Domain> domains) : domains_(std::move(domains)) {}
  decltype(std::declval<const Source&>().domains()) domains() const override { return domains_; }
  const records::MachineInfo& machine() const override { return machine_; }
  bool settled(Instant) const override { return true; }
  WindowReport window(Instant begin, Instant end) const override {
    WindowReport out;
    for (const Domain& domain : domains_) {
      records::DomainEnergy energy;
      energy.domain = domain.name;
      energy.joules = 40 * to_seconds(end - begin);
      energy.half_width_joules = 1;
      out.energies.push_back(energy);
    }
    return out;
  }
  SelfReport self() const override { return {}; }
  std::string description() const override { return "constant"; }
  void tap(std::function<void(const Sample&)>) override {}

 private:
  std::vector<Domain> domains_;
  records::MachineInfo machine_;
};

Sample sample_at(double seconds) {
  Sample out;
  out.readings.push_back(energy_reading(seconds, 40 * seconds));
  out.gauges.push_back({Gauge::Temperature, at(seconds), 50 + seconds, 0});
  return out;
}

TEST(LiveView, tells_power_now_energy_since_the_first_reading_and_the_cadence) {
  const ConstantSource source({make_domain("package-0")});
  LiveView view;
  for (int n = 0; n <= 100; ++n) view.feed(sample_at(7 + 0.1 * n));
  const auto domains = view.domains(source);
  ASSERT_EQ(domains.size(), 1U);
  EXPECT_NEAR(domains[0].watts.value(), 40, 1e-6);
  EXPECT_NEAR(domains[0].joules.value(), 400, 1e-6);
  EXPECT_NEAR(domains[0].update.value().distinct_hz, 10, 0.01);
  EXPECT_TRUE(domains[0].update->upper_bound);
  EXPECT_DOUBLE_EQ(domains[0].coverage.value(), 1);
  const auto gauges = view.gauges(source.domains());
  ASSERT_EQ(gauges.size(), 1U);
  EXPECT_EQ(gauges[0].device, "package-0");
  EXPECT_DOUBLE_EQ(gauges[0].value, 67);
}

TEST(LiveView, a_silent_domain_has_its_cause_and_no_power_until_it_speaks_again) {
  const ConstantSource source({make_domain("gpu-0"), make_domain("gpu-1")});
  LiveView view;
  for (int n = 0; n <= 20; ++n) view.feed(sample_at(0.1 * n));
  Sample lost;
  lost.silent.push_back({0, "GPU 0 is lost", Cause::Lost});
  view.feed(lost);
  auto domains = view.domains(source);
  EXPECT_EQ(domains[0].silent, Cause::Lost);
  EXPECT_EQ(domains[0].reason, "GPU 0 is lost");
  EXPECT_FALSE(domains[0].watts);
  EXPECT_FALSE(domains[1].joules);
  view.feed(sample_at(2.2));
  domains = view.domains(source);
  EXPECT_FALSE(domains[0].silent);
  EXPECT_TRUE(domains[0].watts);
}

TEST(LiveView, shows_the_window_that_a_comparison_found_where_the_domain_states_none) {
  LiveDomain found, stated;
  found.domain.name = "gpu-0/instant";
  stated.domain.name = "gpu-1/instant";
  found.update_seconds = stated.update_seconds = 0.1;
  stated.averaging_seconds = 1;
  std::vector<LiveDomain> domains{found, stated};
  SourceComparison comparison;
  for (const auto& live : domains) {
    SourceView view;
    view.domain = live.domain.name;
    view.averaging = AveragingEstimate{0.025, 0.9, false};
    comparison.sources.push_back(view);
  }
  apply_averaging(domains, comparison);
  EXPECT_DOUBLE_EQ(domains[0].averaging_seconds.value(), 0.025);
  EXPECT_DOUBLE_EQ(domains[0].coverage.value(), 0.25);
  EXPECT_DOUBLE_EQ(domains[1].averaging_seconds.value(), 1);
}

TEST(LiveView, keeps_half_a_minute_of_readings) {
  LiveView view;
  for (int n = 0; n <= 1000; ++n) view.feed(sample_at(0.1 * n));
  const auto observed = view.observed({make_domain("package-0")});
  ASSERT_EQ(observed.size(), 1U);
  EXPECT_EQ(observed[0].readings.size(), 301U);
}

}  // namespace
}  // namespace ipw::telemetry
