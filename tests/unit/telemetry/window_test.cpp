// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/window.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "build.h"

namespace ipw::telemetry {
namespace {

TEST(Window, M1_interpolates_at_both_edges) {
  const auto series = poll_counter(constant_signal(80), 5, 0.001, 0.05);
  const auto energy = measure(series, at(1.013), at(3.037));
  ASSERT_TRUE(energy.joules);
  EXPECT_NEAR(*energy.joules, 80 * 2.024, 1e-6);
  EXPECT_EQ(energy.rule, "edge-aware");
  EXPECT_EQ(energy.method, "counter");
  EXPECT_DOUBLE_EQ(energy.coverage, 1);
}

TEST(Window, M2_is_positive_when_shorter_than_a_period) {
  const auto series = poll_counter(square_signal(10, 300, 1, 0.5), 5, 0.1, 0.05);
  for (double begin = 0.2; begin < 4; begin += 0.0037) {
    const auto energy = measure(series, at(begin), at(begin + 0.001));
    ASSERT_TRUE(energy.joules) << energy.reason;
    EXPECT_GT(*energy.joules, 0) << begin;
  }
}

TEST(Window, M2_is_absent_with_a_reason_when_not_enclosed_by_readings) {
  const auto series = poll_counter(constant_signal(80), 5, 0.05, 0.05);
  const auto late = measure(series, at(4), at(5.5));
  EXPECT_FALSE(late.joules);
  EXPECT_EQ(late.reason, "the window ends 0.500 s after the last reading");
  Series empty(make_domain("package-0"));
  EXPECT_EQ(measure(empty, at(1), at(2)).reason, "no reading has arrived");
}

TEST(Window, M3_is_settled_only_when_enough_later_values_have_arrived) {
  Series series(make_domain("gpu-0"));
  for (int n = 0; n <= 10; ++n) series.feed(energy_reading(n * 0.05, n * 4.0));
  EXPECT_FALSE(series.settled(at(0.48)));
  for (int n = 11; n <= 14; ++n) series.feed(energy_reading(n * 0.05, n * 4.0));
  EXPECT_TRUE(series.settled(at(0.52)));
  EXPECT_FALSE(series.settled(at(0.6)));
  EXPECT_NEAR(*measure(series, at(0.1), at(0.52)).joules, 80 * 0.42, 1e-9);
}

TEST(Window, what_is_settled_stays_as_it_is) {
  const Signal signal = llm_signal(90, 650, 380, 0.23, 0.17, 0.91);
  Series growing(make_domain("gpu-0"));
  std::vector<std::pair<double, double>> seen;
  double next = 0.3;
  for (int n = 0; n <= 400; ++n) {
    growing.feed(energy_reading(n * 0.05, shown(signal, n * 0.05, 0.1, 0.013)));
    while (next < 20 && growing.settled(at(next))) {
      seen.emplace_back(next, growing.at(at(next), Rule::EdgeAware).joules);
      next += 0.0173;
    }
  }
  ASSERT_GT(seen.size(), 1000U);
  for (const auto& [t, joules] : seen) EXPECT_EQ(growing.at(at(t), Rule::EdgeAware).joules, joules) << t;
}

TEST(Window, E_never_falls_and_stays_within_its_bounds) {
  for (const double phase : {0.003, 0.027, 0.049}) {
    const auto series = poll_counter(llm_signal(90, 650, 380, 0.23, 0.17, 0.91), 30, 0.1, 0.05, phase);
    double last = 0;
    for (double t = 0.5; t < 29; t += 0.0011) {
      const EnergyAt e = series.at(at(t), Rule::EdgeAware);
      ASSERT_GE(e.joules, last) << t;
      ASSERT_GE(e.joules, e.low) << t;
      ASSERT_LE(e.joules, e.high) << t;
      last = e.joules;
    }
  }
}

TEST(Window, M3_is_settled_when_the_counter_stands_still) {
  Series series(make_domain("gpu-0"));
  for (int n = 0; n <= 30; ++n) series.feed(energy_reading(n * 0.05, std::min(n, 8)));
  EXPECT_TRUE(series.settled(at(0.45)));
  EXPECT_FALSE(series.settled(at(0.6)));
}

TEST(Window, M4_covers_a_query_of_two_minutes) {
  const auto series = poll_counter(constant_signal(250), 200, 0.02, 0.05);
  EXPECT_NEAR(*measure(series, at(40.01), at(160.01)).joules, 250 * 120, 250 * 0.05);
}

TEST(Window, M18_prefill_and_decode_sum_to_the_query) {
  const auto series = poll_counter(llm_signal(90, 650, 380, 0.4, 0.2, 1.7), 30, 0.1, 0.05);
  std::mt19937 random(7);
  std::uniform_real_distribution<double> uniform(0.2, 29);
  for (int n = 0; n < 300; ++n) {
    std::array<double, 3> t{uniform(random), uniform(random), uniform(random)};
    std::sort(t.begin(), t.end());
    const auto first = measure(series, at(t[0]), at(t[1])), second = measure(series, at(t[1]), at(t[2]));
    const auto whole = measure(series, at(t[0]), at(t[2]));
    EXPECT_NEAR(*first.joules + *second.joules, *whole.joules, 1e-9 * *whole.joules);
  }
}

TEST(Window, M14_a_linear_ramp_is_integrated_exactly) {
  for (const double period : {0.01, 0.05, 0.3, 1.0}) {
    Series series(make_domain("module", Scope::Module));
    for (double t = 0; t <= 10.5; t += period) series.feed(power_reading(t, 100 + 25 * t));
    const double a = 1.23, b = 9.17;
    const auto energy = measure(series, at(a), at(b));
    ASSERT_TRUE(energy.joules);
    EXPECT_NEAR(*energy.joules, 100 * (b - a) + 12.5 * (b * b - a * a), 1e-4);
    EXPECT_EQ(energy.method, "integrated");
    EXPECT_EQ(energy.rule, "trapezoid");
  }
}

TEST(Window, a_silent_power_sensor_lowers_coverage_and_widens_the_interval) {
  Series series(make_domain("module", Scope::Module, 500));
  for (double t = 0; t <= 10; t += 0.1) {
    if (t < 4 || t > 8) series.feed(power_reading(t, 100));
  }
  const auto energy = measure(series, at(1), at(9));
  EXPECT_NEAR(*energy.joules, 400, 25);
  EXPECT_LT(energy.coverage, 0.55);
  EXPECT_GE(energy.half_width_joules, 400);
  EXPECT_NE(energy.reason.find("missing"), std::string::npos);
  EXPECT_FALSE(measure(series, at(5), at(7)).joules);
}

TEST(Window, M9_a_reset_inside_lowers_coverage_and_bounds_the_unknown) {
  Series series(make_domain("gpu-0", Scope::Accelerator, 400));
  for (int n = 0; n <= 100; ++n) {
    const double truth = n * 0.05 * 200;
    series.feed(energy_reading(n * 0.05, n < 50 ? 7000 + truth : truth - 490));
  }
  const auto energy = measure(series, at(1), at(4));
  ASSERT_TRUE(energy.joules);
  EXPECT_NEAR(*energy.joules, 200 * 2.95, 1e-6);
  EXPECT_NEAR(energy.coverage, 1 - 0.05 / 3, 1e-9);
  EXPECT_GE(energy.half_width_joules, 10);
  EXPECT_LE(energy.half_width_joules, 100);
  EXPECT_EQ(series.faults().resets, 1U);
}

TEST(Window, a_counter_that_stands_still_gives_no_zero) {
  Series series(make_domain("gpu-0"));
  for (int n = 0; n <= 100; ++n) series.feed(energy_reading(n * 0.05, 500));
  const auto energy = measure(series, at(2), at(3));
  EXPECT_FALSE(energy.joules);
  EXPECT_EQ(energy.reason, "the counter has not moved");
}

TEST(Window, the_gain_of_the_sensor_widens_the_interval) {
  auto domain = make_domain("gpu-0");
  const auto plain = measure(poll_counter(constant_signal(100), 12, 0.02, 0.05, 0, domain), at(1), at(11));
  domain.relative_half_width = 0.05;
  const auto wide = measure(poll_counter(constant_signal(100), 12, 0.02, 0.05, 0, domain), at(1), at(11));
  EXPECT_NEAR(wide.half_width_joules - plain.half_width_joules, 50, 0.5);
}

TEST(Window, energies_of_more_than_an_hour_ago_are_thinned_but_not_lost) {
  Series series(make_domain("package-0"));
  constexpr double kPeriod = 0.25;
  for (int n = 0; n <= 4 * 3600 * 2; ++n) series.feed(energy_reading(n * kPeriod, n * kPeriod * 50));
  EXPECT_LT(series.points().size(), 4U * 3900 + 3400 + 10);
  EXPECT_NEAR(*measure(series, at(60.1), at(7190.3)).joules, 50 * 7130.2, 1e-6);
}

TEST(Window, energies_of_more_than_a_day_ago_are_absent_with_a_reason) {
  Series series(make_domain("package-0"));
  for (int n = 0; n <= 90000; ++n) series.feed(energy_reading(n, n * 50.0));
  EXPECT_NE(measure(series, at(60), at(86000)).reason.find("before the oldest reading"), std::string::npos);
  EXPECT_LT(series.points().size(), 86500U);
}

TEST(Window, the_interval_lies_within_the_hard_bounds) {
  const Signal signal = square_signal(60, 500, 0.7, 0.3);
  const auto series = poll_counter(signal, 60, 0.1, 0.05, 0.02);
  for (double begin = 5; begin < 50; begin += 0.37) {
    const auto energy = measure(series, at(begin), at(begin + 0.8));
    const double truth = signal.joules(begin + 0.8) - signal.joules(begin);
    EXPECT_LE(*energy.low_joules, truth);
    EXPECT_GE(*energy.high_joules, truth);
    EXPECT_LE(energy.half_width_joules, *energy.high_joules - *energy.low_joules);
  }
}

TEST(Window, a_power_sensor_that_averages_over_its_period_counts_exactly) {
  Domain domain = make_domain("gpu-0", Scope::Accelerator);
  domain.update_seconds = domain.averaging_seconds = 0.1;
  const Signal signal = square_signal(60, 500, 0.73, 0.3);
  Series series(domain);
  for (int n = 0; n < 1200; ++n) {
    const double now = n * 0.05 + 0.001, taken = std::floor(n / 2.0) * 0.1;
    series.feed(power_reading(now, (signal.joules(taken) - signal.joules(std::max(0.0, taken - 0.1))) / 0.1));
  }
  const auto energy = measure(series, at(10), at(50));
  const double truth = signal.joules(50) - signal.joules(10);
  EXPECT_EQ(energy.method, "integrated");
  EXPECT_NEAR(*energy.joules, truth, 0.002 * truth);
  EXPECT_DOUBLE_EQ(energy.sensor_coverage.value(), 1);
  EXPECT_FALSE(energy.low_joules);
}

TEST(Window, M23_a_power_of_zero_is_a_value) {
  Series series(make_domain("module", Scope::Module));
  for (int n = 0; n <= 100; ++n) series.feed(power_reading(n * 0.1, 0));
  const auto energy = measure(series, at(2), at(8));
  ASSERT_TRUE(energy.joules);
  EXPECT_EQ(*energy.joules, 0);
}

TEST(Power, is_taken_from_change_to_change_and_never_zero) {
  const auto series = poll_counter(constant_signal(200), 10, 0.1, 0.01, 0.003);
  const std::array domains{&series};
  const auto stats = power_stats(domains, at(2.003), at(7.009));
  ASSERT_TRUE(stats);
  EXPECT_NEAR(stats->min, 200, 1);
  EXPECT_NEAR(stats->max, 200, 1);
  EXPECT_NEAR(stats->avg, 200, 1);
}

TEST(Power, M26_of_two_sockets_is_their_sum) {
  const auto one = poll_counter(constant_signal(50), 10, 0.001, 0.05);
  const auto two = poll_counter(constant_signal(70), 10, 0.001, 0.05);
  const std::array domains{&one, &two};
  EXPECT_NEAR(power_stats(domains, at(2.02), at(2.03))->median, 120, 1e-6);
}

}  // namespace
}  // namespace ipw::telemetry
