// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/params.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "ipw/base/error.h"

namespace ipw {
namespace {

TEST(Params, C6_values_have_types_and_may_contain_commas_and_equals) {
  const std::vector<std::string> items = {"path=a,b=c", "limit=5", "shuffle=yes", "t = 0.5 "};
  const auto params = Params::parse(items, "--dataset-param");
  EXPECT_EQ(params.get("path"), "a,b=c");
  EXPECT_EQ(params.integer("limit"), 5);
  EXPECT_EQ(params.flag("shuffle"), true);
  EXPECT_EQ(params.number("t"), 0.5);
  EXPECT_FALSE(params.get("absent"));
}

TEST(Params, rejects_what_is_not_a_pair_or_has_the_wrong_type) {
  EXPECT_THROW(Params::parse(std::vector<std::string>{"novalue"}, "--client-param"), Error);
  const auto params = Params::parse(std::vector<std::string>{"n=many"}, "--client-param");
  EXPECT_THROW((void)params.integer("n"), Error);
  constexpr std::array<std::string_view, 1> known = {"timeout"};
  EXPECT_THROW(params.allow("client echo", known), Error);
}

}  // namespace
}  // namespace ipw
