// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/braced.h"

#include <gtest/gtest.h>

namespace ipw {
namespace {

TEST(Braced, ends_at_the_partner_of_the_first_brace) {
  EXPECT_EQ(braced("{}"), "{}");
  EXPECT_EQ(braced(R"({"a": {"b": 1}} and {more})"), R"({"a": {"b": 1}})");
  EXPECT_EQ(braced(R"({"a": "}{\"}"} x)"), R"({"a": "}{\"}"})");
}

TEST(Braced, is_empty_without_a_partner_or_a_brace_at_the_begin) {
  for (const auto* text : {"", " {}", "x{}", "{", "{{}", R"({"a": "})", R"({"a": "\)"})
    EXPECT_EQ(braced(text), "") << text;
}

}  // namespace
}  // namespace ipw
