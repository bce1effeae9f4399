// SPDX-License-Identifier: Apache-2.0
#include "ipw/rpc/holdback.h"

#include <gtest/gtest.h>

#include <vector>

namespace ipw::rpc {
namespace {

using std::chrono::milliseconds;

std::vector<int> sent_at(Nanoseconds longest, const std::vector<int>& ticks) {
  Holdback holdback(longest);
  std::vector<int> out;
  for (const int ms : ticks) {
    if (!holdback.holds(Instant(milliseconds(ms)))) out.push_back(ms);
  }
  return out;
}

TEST(Holdback, nothing_waits_without_leave) {
  EXPECT_EQ(sent_at(milliseconds(0), {50, 100, 150}), (std::vector{50, 100, 150}));
}

TEST(Holdback, no_sample_waits_longer_than_allowed) {
  EXPECT_EQ(sent_at(milliseconds(200), {0, 50, 100, 150, 200, 250, 300, 350, 400, 450, 500}),
            (std::vector{0, 250, 500}));
}

TEST(Holdback, what_comes_more_rarely_than_that_goes_at_once) {
  EXPECT_EQ(sent_at(milliseconds(200), {0, 1000, 2000}), (std::vector{0, 1000, 2000}));
}

TEST(Holdback, the_samples_of_several_threads_have_the_same_tick) {
  EXPECT_EQ(sent_at(milliseconds(100), {0, 0, 50, 50, 100, 100, 150, 150}), (std::vector{0, 0, 150}));
}

}  // namespace
}  // namespace ipw::rpc
