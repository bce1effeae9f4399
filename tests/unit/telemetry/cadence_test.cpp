// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/cadence.h"

#include <gtest/gtest.h>

#include "sensors.h"
#include "support/goal.h"

namespace ipw::telemetry {
namespace {

TEST(Cadence, R4_the_distinct_rate_is_reported_within_two_percent) {
  const Signal load = llm_signal(90, 650, 380, 0.4, 0.2, 2);
  double worst = 0;
  for (const double update : {0.01, 0.02, 0.05, 0.1, 1.0})
    for (unsigned seed = 1; seed <= 5; ++seed) {
      const auto readings = poll_sensor(load, {.update = update, .phase = 0.0013 * seed}, 30,
                                        update < 0.05 ? 0.0047 : 0.0113, seed);
      const auto found = detect_update(readings);
      ASSERT_TRUE(found);
      worst = std::max(worst, std::abs(found->distinct_hz * update - 1));
      EXPECT_FALSE(found->upper_bound) << update;
    }
  EXPECT_LE(worst, 0.02);
  report_goal(
      "R4", worst <= 0.02,
      fmt::format("T of 10, 20, 50, 100, 1000 ms: distinct rate off by at most {:.2f} %", 100 * worst));
}

TEST(Cadence, R4_a_sensor_that_is_read_too_seldom_has_only_a_bound) {
  const auto found =
      detect_update(poll_sensor(llm_signal(90, 650, 380, 0.4, 0.2, 2), {.update = 0.01}, 10, 0.05, 1));
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->upper_bound);
  EXPECT_NEAR(found->distinct_hz, 20, 0.4);
}

// Square waves of several periods one after the other, as a calibration drives them.
Signal square_waves(double update) {
  std::vector<SignalPiece> pieces;
  for (const double factor : {0.5, 2.0 / 3, 0.75, 0.8, 1.25, 4.0 / 3, 2.5, 7.0, 23.0})
    for (int n = 0; n < std::max(2, static_cast<int>(2 / factor)); ++n) {
      pieces.push_back({factor * update / 2, 350});
      pieces.push_back({factor * update / 2, 90});
    }
  return Signal(std::move(pieces));
}

TEST(Cadence, R5_period_and_averaging_window_are_found_in_thirty_seconds) {
  struct Pair {
    double update, averaging;
  };
  double worst_update = 0, worst_averaging = 0;
  for (const auto& [update, averaging] : {Pair{0.02, 0.01}, {0.1, 0.025}, {0.1, 0.1}, {0.1, 1.0}})
    for (unsigned seed = 1; seed <= 5; ++seed) {
      const Signal load = square_waves(update);
      const auto readings = poll_sensor(
          load,
          {.update = update, .averaging = averaging, .phase = 0.0013 * seed, .gain = 1.04, .noise_watts = 2},
          30, 0.093 * update, seed);
      const auto period = detect_update(readings);
      ASSERT_TRUE(period);
      const auto window = detect_averaging(readings, *period, [&load](Instant t) -> std::optional<double> {
        const double seconds = to_seconds(t - at(0));
        return seconds >= 0 ? std::optional(load.joules(seconds)) : std::nullopt;
      });
      ASSERT_TRUE(window) << update << " " << averaging;
      worst_update = std::max(worst_update, std::abs(period->seconds / update - 1));
      worst_averaging = std::max(worst_averaging, std::abs(window->seconds / averaging - 1));
      EXPECT_NEAR(window->seconds / averaging, 1, 0.2) << update << " " << averaging;
    }
  EXPECT_LE(worst_update, 0.05);
  report_goal("R5", worst_update <= 0.05 && worst_averaging <= 0.2,
              fmt::format("four pairs, 30 s: T off by at most {:.2f} %, W by at most {:.1f} %",
                          100 * worst_update, 100 * worst_averaging));
}

TEST(Cadence, R5_a_counter_beside_the_sensor_serves_as_the_reference) {
  const Signal load = llm_signal(90, 650, 380, 0.4, 0.2, 2);
  Series counter(make_domain("gpu-0", Scope::Accelerator));
  for (const auto& reading : poll_sensor(load, {.update = 0.02}, 30, 0.01, 3)) counter.feed(reading);
  const auto readings = poll_sensor(load, {.update = 0.1, .averaging = 1, .noise_watts = 3}, 30, 0.01, 4);
  const auto window =
      detect_averaging(readings, detect_update(readings).value(), [&](Instant t) -> std::optional<double> {
        if (counter.why_unknown(t)) return std::nullopt;
        return counter.at(t, Rule::Linear).joules;
      });
  ASSERT_TRUE(window);
  EXPECT_NEAR(window->seconds, 1, 0.2);
  EXPECT_TRUE(window->at_least_update);
}

TEST(Cadence, nothing_is_said_without_changes_or_without_a_load_that_varies) {
  EXPECT_FALSE(detect_update({}));
  std::vector<Reading> frozen;
  for (int n = 0; n < 100; ++n) frozen.push_back(energy_reading(0.05 * n, 7));
  EXPECT_FALSE(detect_update(frozen));
  const auto idle =
      poll_sensor(constant_signal(50), {.update = 0.1, .averaging = 0.1, .noise_watts = 1}, 10, 0.01, 1);
  EXPECT_FALSE(detect_averaging(idle, detect_update(idle).value(),
                                [](Instant t) { return std::optional(50 * to_seconds(t - at(0))); }));
}

}  // namespace
}  // namespace ipw::telemetry
