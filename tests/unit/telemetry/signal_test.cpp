// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/signal.h"

#include <gtest/gtest.h>

namespace ipw::telemetry {
namespace {

TEST(Signal, the_last_moment_before_a_whole_cycle_is_inside_the_signal) {
  const Signal signal({{0.4, 90}, {0.2, 650}, {2, 380}});
  const double seconds = 780 * 0.01;  // 7.8 s and a cycle of 2.6 s: the quotient rounds to 3
  EXPECT_NEAR(signal.joules(seconds), 3 * (36 + 130 + 760), 1e-6);
  for (int n = 0; n < 100'000; ++n) {
    const double power = signal.watts(n * 0.01);
    EXPECT_TRUE(power == 90 || power == 650 || power == 380) << n;
  }
}

}  // namespace
}  // namespace ipw::telemetry
