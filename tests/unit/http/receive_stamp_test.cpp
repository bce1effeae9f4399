// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/receive_stamp.h"

#include <gtest/gtest.h>

namespace ipw::http {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kWall = 1'700'000'000'000'000'000;

ClockBracket bracket_at(Instant before, Nanoseconds width) {
  return {before, kWall, before + width};
}

TEST(ToMonotonic, counts_back_from_the_middle_of_the_bracket) {
  const auto bracket = bracket_at(Instant(1h), 200ns);
  EXPECT_EQ(to_monotonic(kWall - 5'000, bracket), Instant(1h) + 100ns - 5us);
}

TEST(ToMonotonic, refuses_a_stamp_from_after_the_bracket) {
  EXPECT_EQ(to_monotonic(kWall + 1'000'000, bracket_at(Instant(1h), 200ns)), std::nullopt);
}

TEST(ToMonotonic, refuses_a_stamp_that_a_clock_step_has_made_old) {
  EXPECT_EQ(to_monotonic(kWall - 3'600'000'000'000, bracket_at(Instant(2h), 200ns)), std::nullopt);
}

}  // namespace
}  // namespace ipw::http
