// SPDX-License-Identifier: Apache-2.0
#include "ipw/rpc/thinning.h"

#include <gtest/gtest.h>

#include <set>

namespace ipw::rpc {
namespace {

using std::chrono::milliseconds;

std::set<int> admitted(Thinning thinning, int from, int to, int period_ms) {
  std::set<int> out;
  for (int i = from; i < to; ++i) {
    if (thinning.admits(0, Instant(milliseconds(i * period_ms)))) out.insert(i * period_ms);
  }
  return out;
}

TEST(Thinning, without_limits_everything_passes) {
  EXPECT_EQ(admitted({Nanoseconds(0), Nanoseconds(0)}, 0, 100, 10).size(), 100U);
}

TEST(Thinning, an_interval_leaves_out_what_comes_too_soon) {
  EXPECT_EQ(admitted({milliseconds(100), Nanoseconds(0)}, 0, 5, 50), (std::set<int>{0, 100, 200}));
}

TEST(Thinning, P8_several_streams_together_learn_no_more_than_one) {
  std::set<int> seen;
  for (int begin = 0; begin < 50; ++begin)
    seen.merge(admitted({Nanoseconds(0), kOpenPeriod}, begin, 1000, 1));
  for (auto i = seen.begin(); std::next(i) != seen.end(); ++i) EXPECT_GE(*std::next(i) - *i, 50);
  EXPECT_GE(seen.size(), 19U);
}

TEST(Thinning, threads_are_thinned_one_by_one) {
  Thinning thinning(milliseconds(100), Nanoseconds(0));
  EXPECT_TRUE(thinning.admits(0, Instant(milliseconds(100))));
  EXPECT_TRUE(thinning.admits(1, Instant(milliseconds(100))));
  EXPECT_FALSE(thinning.admits(1, Instant(milliseconds(150))));
}

TEST(Thinning, a_coarse_series_needs_no_cap_and_a_trusted_peer_has_none) {
  EXPECT_EQ(open_cell(false, 0.05).count(), 0);
  EXPECT_EQ(open_cell(true, 0.001).count(), 0);
  EXPECT_EQ(open_cell(false, 0.001), kOpenPeriod);
}

TEST(Thinning, P8_the_cell_in_which_samples_were_lost_is_left_out) {
  using std::chrono::milliseconds;
  Thinning thinning(Nanoseconds(0), milliseconds(50));
  for (const int ms : {0, 10}) EXPECT_FALSE(thinning.admits(0, Instant(milliseconds(ms))));
  EXPECT_TRUE(thinning.admits(0, Instant(milliseconds(50))));
  thinning.lost();  // 60 to 130
  EXPECT_FALSE(thinning.admits(0, Instant(milliseconds(140))));
  EXPECT_TRUE(thinning.admits(0, Instant(milliseconds(150))));
}

}  // namespace
}  // namespace ipw::rpc
