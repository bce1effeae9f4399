// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace ipw {
namespace {

std::string nested(int depth) {
  const auto n = static_cast<std::size_t>(depth);
  return R"({"a":)" + std::string(n, '[') + std::string(n, ']') + R"(,"b":1})";
}

TEST(ParseJson, refuses_what_nests_too_deep_for_the_stack) {
  EXPECT_TRUE(parse_json(nested(900)));
  const auto deep = parse_json(nested(400'000));
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error(), "it nests deeper than 1000");
  EXPECT_FALSE(parse_json(std::string(1 << 20, '[')));
}

TEST(ParseJson, counts_no_brackets_within_strings) {
  const auto text = R"({"a":"\")" + std::string(5000, '[') + R"("})";
  EXPECT_TRUE(parse_json(text));
}

}  // namespace
}  // namespace ipw
