// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ipw/http/session.h"

namespace ipw::http {
namespace {

TEST(Header, is_found_in_any_case) {
  const Headers headers = {{"Content-Type", "a"}, {"X-Repo-Commit", "b"}};
  EXPECT_EQ(header(headers, "x-repo-commit"), "b");
  EXPECT_EQ(header(headers, "etag"), std::nullopt);
}

TEST(JoinUrl, puts_exactly_one_slash_between) {
  for (const auto* base : {"http://h/v1", "http://h/v1/"})
    for (const auto* path : {"models", "/models"}) EXPECT_EQ(join_url(base, path), "http://h/v1/models");
}

TEST(PercentEncode, keeps_only_unreserved_characters) {
  EXPECT_EQ(percent_encode("refs/pr 1~a-b_c.d"), "refs%2Fpr%201~a-b_c.d");
  EXPECT_EQ(percent_encode("\xC3\xA9"), "%C3%A9");
}

}  // namespace
}  // namespace ipw::http
