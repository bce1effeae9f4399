// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/stuck.h"

#include <gtest/gtest.h>

#include "build.h"
#include "ipw/telemetry/history.h"
#include "support/goal.h"

namespace ipw::telemetry {
namespace {

/// A package counter at 100 W that freezes at `frozen` seconds and goes on, without what it missed, at
/// `thaws`.
struct Freezing {
  double frozen = 1e9, thaws = 1e9, load = 80;
  double joules(double t) const { return 100 * (std::min(t, frozen) + std::max(0.0, t - thaws)); }
};

struct Outcome {
  int stuck_ticks = 0;
  double first_told = -1;
  WindowReport window;
  std::vector<std::string> problems;
};

Outcome play(const Freezing& sensor, double seconds, Domain domain = make_domain("package-0")) {
  History history({domain});
  StuckWatch watch;
  Outcome out;
  for (int n = 0; n * 0.05 <= seconds; ++n) {
    const double t = n * 0.05;
    Sample s;
    s.tick = at(t);
    s.readings = {energy_reading(t, sensor.joules(t))};
    s.gauges = {{Gauge::CpuLoad, at(t), sensor.load}};
    for (const auto& span : watch.examine(s, history.domains()))
      history.mark_unknown(span.domain, span.from, span.to, span.reason);
    for (const Silence& silence : s.silent) {
      EXPECT_EQ(silence.cause, Cause::Stuck);
      ++out.stuck_ticks;
      if (out.first_told < 0) out.first_told = t;
    }
    history.feed(s);
  }
  out.window = history.window(at(1), at(seconds - 1));
  out.problems = history.problems();
  return out;
}

TEST(StuckWatch, F13_a_frozen_counter_under_load_is_stuck_and_never_a_silent_zero) {
  const Outcome out = play({10, 15}, 20);
  EXPECT_NEAR(out.first_told, 12, 0.2);
  const auto& energy = out.window.energies.at(0);
  const double truth = 100 * 18;
  ASSERT_TRUE(energy.joules);
  EXPECT_NEAR(*energy.joules, truth - 500, 30);
  EXPECT_LT(energy.coverage, 0.75);
  EXPECT_GE(*energy.joules + energy.half_width_joules, truth);
  EXPECT_NE(energy.reason.find("stuck"), std::string::npos);
  const bool met = out.stuck_ticks > 50 && energy.coverage < 0.75 && !out.problems.empty();
  report_goal("F13", met,
              fmt::format("told {:.1f} s after the counter froze at a load of 80 %, the window has {:.0f} % "
                          "coverage and a reason",
                          out.first_told - 10, 100 * energy.coverage));
  EXPECT_TRUE(met);
}

TEST(StuckWatch, a_machine_that_rests_is_not_stuck) {
  EXPECT_EQ(play({10, 15, 2}, 20).stuck_ticks, 0);
}

TEST(StuckWatch, a_counter_that_moves_is_not_stuck) {
  EXPECT_EQ(play({}, 20).stuck_ticks, 0);
}

TEST(StuckWatch, a_counter_that_never_moved_is_told_after_ten_seconds) {
  EXPECT_NEAR(play({0}, 15).first_told, 10, 0.2);
}

TEST(StuckWatch, a_slow_counter_has_its_time) {
  Domain domain = make_domain("meter", Scope::Wall);
  domain.update_seconds = 1;
  EXPECT_EQ(play({10, 25}, 28, domain).stuck_ticks, 0);
}

TEST(StuckWatch, a_power_sensor_is_stuck_when_the_load_changes_and_it_does_not) {
  StuckWatch watch;
  const DomainList domains(std::vector<Domain>{make_domain("gpu-0", Scope::Accelerator)});
  int told = 0;
  for (int n = 0; n < 600; ++n) {
    const double t = n * 0.05;
    Sample s;
    s.readings = {power_reading(t, 70)};
    s.gauges = {{Gauge::GpuUtilization, at(t), t < 5 ? 0.0 : 95.0, 0}};
    watch.examine(s, domains);
    told += static_cast<int>(s.silent.size());
  }
  EXPECT_GT(told, 300);
}

}  // namespace
}  // namespace ipw::telemetry
