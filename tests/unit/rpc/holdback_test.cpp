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

TEST(Holdback, rests_until_the_last_sample_that_is_held) {
  Holdback holdback(milliseconds(200)), none(milliseconds(0));
  EXPECT_EQ(holdback.rest(), Nanoseconds(0)) << "nothing is known of the next sample";
  std::vector<std::int64_t> rests;
  for (const int ms : {0, 50, 100, 150, 200, 250, 300}) {
    holdback.holds(Instant(milliseconds(ms)));
    none.holds(Instant(milliseconds(ms)));
    rests.push_back(holdback.rest() / milliseconds(1));
  }
  EXPECT_EQ(rests, (std::vector<std::int64_t>{0, 150, 100, 50, 0, 200, 150}));
  EXPECT_EQ(none.rest(), Nanoseconds(0));
}

TEST(Holdback, rests_no_longer_than_for_a_few_samples) {
  Holdback holdback(milliseconds(200));
  for (const int ms : {0, 1, 2}) holdback.holds(Instant(milliseconds(ms)));
  EXPECT_EQ(holdback.rest(), milliseconds(16));
}

}  // namespace
}  // namespace ipw::rpc
