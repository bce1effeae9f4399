// SPDX-License-Identifier: Apache-2.0
#include "ipw/rpc/broadcast.h"

#include <gtest/gtest.h>

namespace ipw::rpc {
namespace {

constexpr std::chrono::milliseconds kNow{0};

TEST(Broadcast, hands_every_value_to_every_reader_in_order) {
  Broadcast<int> ring(8);
  auto one = ring.subscribe(), other = ring.subscribe();
  for (int i = 0; i < 5; ++i) ring.publish(i);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(*ring.take(one, kNow), i);
    EXPECT_EQ(*ring.take(other, kNow), i);
  }
  EXPECT_EQ(ring.take(one, kNow), nullptr);
}

TEST(Broadcast, starts_a_reader_at_the_next_value) {
  Broadcast<int> ring(8);
  ring.publish(1);
  auto late = ring.subscribe();
  ring.publish(2);
  EXPECT_EQ(*ring.take(late, kNow), 2);
}

TEST(Broadcast, M25_a_reader_that_stops_loses_the_oldest_and_knows_how_many) {
  Broadcast<int> ring(4);
  auto slow = ring.subscribe();
  for (int i = 0; i < 1000; ++i) ring.publish(i);
  EXPECT_EQ(*ring.take(slow, kNow), 996);
  EXPECT_EQ(slow.dropped, 996U);
  EXPECT_EQ(*ring.take(slow, kNow), 997);
  EXPECT_EQ(slow.dropped, 996U);
}

TEST(Broadcast, M25_does_not_keep_what_nobody_has_read) {
  Broadcast<std::shared_ptr<int>> ring(4);
  auto stopped = ring.subscribe();
  const auto first = std::make_shared<int>(0);
  ring.publish(first);
  for (int i = 0; i < 4; ++i) ring.publish(nullptr);
  EXPECT_EQ(first.use_count(), 1);
  EXPECT_NE(ring.take(stopped, kNow), nullptr);
}

TEST(Broadcast, wakes_its_readers_when_it_closes) {
  Broadcast<int> ring(4);
  auto cursor = ring.subscribe();
  ring.close();
  EXPECT_EQ(ring.take(cursor, std::chrono::hours(1)), nullptr);
  EXPECT_TRUE(ring.closed());
}

}  // namespace
}  // namespace ipw::rpc
