// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/bytes.h"

#include <gtest/gtest.h>

namespace ipw {
namespace {

TEST(Bytes, are_read_with_their_units) {
  EXPECT_EQ(parse_bytes("2G"), std::uint64_t{2} << 30);
  EXPECT_EQ(parse_bytes("1.5gb"), std::uint64_t{3} << 29);
  EXPECT_EQ(parse_bytes("64 MiB"), std::uint64_t{64} << 20);
  EXPECT_EQ(parse_bytes("100"), 100U);
  EXPECT_EQ(parse_bytes("0"), 0U);
  for (const auto* none : {"", "b", "-1g", "x", "1x", "1e40"}) EXPECT_FALSE(parse_bytes(none)) << none;
}

}  // namespace
}  // namespace ipw
