// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/phase_lock.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace ipw::telemetry {
namespace {

struct Outcome {
  double mean = 0;     ///< half range, in ms
  double outside = 0;  ///< share of changes that lie outside of the range given
};

// A sensor that changes every `period` with jitter, read every `poll`.
Outcome follow(PhaseLock& lock, double period, double poll, double jitter, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(-1, 1);
  const double phase = 0.37 * period;
  Outcome out;
  constexpr int kChanges = 400;
  for (int k = 0; k < kChanges; ++k) {
    const double change = phase + k * period + jitter * period * uniform(random);
    const double high = std::ceil(change / poll) * poll;
    const TimeRange found = lock.feed({high - poll, high});
    if (k < 100) continue;
    out.mean += 1000 * found.half() / (kChanges - 100.0);
    out.outside += (change < found.low - 1e-3 || change > found.high + 1e-3) / (kChanges - 100.0);
  }
  return out;
}

TEST(PhaseLock, finds_the_change_far_below_the_poll_period) {
  PhaseLock lock(0.0637);
  const auto outcome = follow(lock, 0.0637, 0.02, 0, 1);
  EXPECT_LT(outcome.mean, 6);  // 10 ms without it
  EXPECT_EQ(outcome.outside, 0);
}

TEST(PhaseLock, finds_the_period_by_itself) {
  PhaseLock lock(0);
  const auto outcome = follow(lock, 0.0637, 0.02, 0, 2);
  EXPECT_LT(outcome.mean, 6);
  EXPECT_EQ(outcome.outside, 0);
}

TEST(PhaseLock, follows_a_sensor_whose_period_is_not_quite_the_nominal_one) {
  PhaseLock lock(0.1);
  const auto outcome = follow(lock, 0.1013, 0.05, 0, 3);
  EXPECT_LT(outcome.mean, 20);  // 25 ms without it
  EXPECT_EQ(outcome.outside, 0);
}

TEST(PhaseLock, stays_right_when_the_sensor_jitters) {
  for (const double jitter : {0.001, 0.01, 0.03, 0.1, 0.3}) {
    PhaseLock lock(0.1);
    const auto outcome = follow(lock, 0.1, 0.033, jitter, 3);
    EXPECT_LE(outcome.outside, 0.05) << jitter;
    EXPECT_LE(outcome.mean, 16.5 + 1e-6) << jitter;
  }
}

TEST(PhaseLock, a_poll_in_step_with_the_sensor_teaches_nothing) {
  PhaseLock lock(0.1);
  const auto outcome = follow(lock, 0.1, 0.05, 0, 4);
  EXPECT_NEAR(outcome.mean, 25, 1e-6);
  EXPECT_EQ(outcome.outside, 0);
}

}  // namespace
}  // namespace ipw::telemetry
