// SPDX-License-Identifier: Apache-2.0
#include "ipw/records/index_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace ipw::records {
namespace {

TEST(IndexSet, agrees_with_a_plain_set_over_random_inserts_and_erasures) {
  std::mt19937_64 random(3);
  for (const std::int64_t range : {10, 5000, 70'000, 200'000}) {
    IndexSet set;
    std::set<std::int64_t> plain;
    for (int i = 0; i < 30'000; ++i) {
      const auto index = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(range)) - 3;
      const bool takes = random() % 4 != 0;
      takes ? set.insert(index) : set.erase(index);
      takes ? void(plain.insert(index)) : void(plain.erase(index));
      EXPECT_EQ(set.contains(index), takes);
    }
    EXPECT_EQ(set.size(), plain.size());
    for (std::int64_t i = -4; i < range; ++i) ASSERT_EQ(set.contains(i), plain.contains(i)) << i;
  }
}

TEST(IndexSet, is_equal_however_it_was_made) {
  IndexSet grown, shrunk;
  for (int i = 0; i < 65'536; ++i) shrunk.insert(i);
  for (int i = 100; i < 65'536; ++i) shrunk.erase(i);
  for (int i = 99; i >= 0; --i) grown.insert(i);
  EXPECT_EQ(grown, shrunk);
  shrunk.erase(IndexSet{0, 99});
  EXPECT_NE(grown, shrunk);
  EXPECT_EQ(shrunk.size(), 98U);
}

TEST(IndexSet, holds_indices_at_both_ends_of_their_range) {
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min(),
                 kMax = std::numeric_limits<std::int64_t>::max();
  IndexSet set{kMin, -1, 0, kMax};
  EXPECT_TRUE(set.contains(kMin) && set.contains(-1) && set.contains(kMax));
  EXPECT_FALSE(set.contains(kMin + 1));
  set.erase(IndexSet{kMin, kMax});
  EXPECT_EQ(set, (IndexSet{-1, 0}));
}

// Law 8: what is finished costs no memory that grows with the run.
TEST(IndexSet, ten_million_finished_queries_fit_into_32_kilobytes) {
  IndexSet set;
  std::size_t most = 0;
  for (std::int64_t i = 0; i < 10'000'000; ++i) {
    set.insert(i);
    if (i % 10'000 == 0) most = std::max(most, set.bytes());
  }
  EXPECT_LE(std::max(most, set.bytes()), 32U << 10);
}

TEST(IndexSet, a_shard_costs_two_bytes_a_query_at_most) {
  for (const int shards : {2, 3, 16, 100}) {
    IndexSet set;
    for (std::int64_t i = 0; i < 10'000'000; i += shards) set.insert(i);
    EXPECT_LE(set.bytes(), std::min<std::size_t>(4 * set.size() + 16'000, 1'300'000)) << shards;
  }
}

}  // namespace
}  // namespace ipw::records
