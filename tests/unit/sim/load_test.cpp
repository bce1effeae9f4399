// SPDX-License-Identifier: Apache-2.0
#include "ipw/sim/load.h"

#include <gtest/gtest.h>

#include <memory>
#include <numeric>

#include "ipw/sim/truth.h"
#include "ipw/stats/random.h"

namespace ipw::sim {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(Load, a_request_costs_its_tokens) {
  auto world = std::make_unique<World>();
  add_device(*world, "nvidia", "GPU", {{1, 90}});
  Load load(*world, {{0.5, 2}});
  load.set(1, {.prefill_tokens_per_second = 100}, 0);
  load.set(1, {.decode_tokens_per_second = 10}, kSecond);
  EXPECT_DOUBLE_EQ(load.end(1, 4 * kSecond).at(0), 50 + 60);
  EXPECT_DOUBLE_EQ(true_joules(*world, world->device[0], 10 * kSecond), 900 + 110);
}

TEST(Load, requests_and_idle_sum_to_the_device) {
  auto world = std::make_unique<World>();
  for (const double idle : {90.0, 45.0}) add_device(*world, "nvidia", "GPU", {{1, idle}});
  Load load(*world, {{0.1, 0.6}, {0.01, 0.07}});
  stats::Random random(7);
  std::vector<double> requests(2, 0);
  std::int64_t now = 0;
  for (int step = 0; step < 3000; ++step) {
    now += 1 + random.below(20'000'000);
    const std::int64_t id = random.below(64);
    if (random.uniform() < 0.3) {
      const auto joules = load.end(id, now);
      for (std::size_t i = 0; i < 2; ++i) requests[i] += joules[i];
    } else {
      load.set(id, {100 * random.uniform(), 50 * random.uniform(), 0.5 + random.uniform()}, now);
    }
  }
  for (std::int64_t id = 0; id < 64; ++id) {
    const auto joules = load.end(id, now);
    for (std::size_t i = 0; i < 2; ++i) requests[i] += joules[i];
  }
  EXPECT_EQ(load.active(), 0U);
  for (std::size_t i = 0; i < 2; ++i) {
    const double device = true_joules(*world, world->device[i], now);
    const double idle = (i == 0 ? 90 : 45) * static_cast<double>(now) * 1e-9;
    EXPECT_NEAR(requests[i] + idle, device, 1e-9 * device);
    EXPECT_NEAR(load.request_joules(now).at(i), requests[i], 1e-9 * device);
  }
}

TEST(Load, ending_a_request_that_never_began_costs_nothing) {
  auto world = std::make_unique<World>();
  add_device(*world, "nvidia", "GPU", {{1, 90}});
  Load load(*world, {{1, 1}});
  EXPECT_EQ(load.end(3, 5), std::vector<double>{0});
}

}  // namespace
}  // namespace ipw::sim
