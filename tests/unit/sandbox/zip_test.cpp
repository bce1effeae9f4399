// SPDX-License-Identifier: Apache-2.0
#include "ipw/sandbox/zip.h"

#include <gmock/gmock.h>

#include "ipw/base/error.h"
#include "support/zip_of.h"

namespace ipw::sandbox {
namespace {

using ::testing::HasSubstr;

std::string problem(std::string_view zip, const std::string& name, const ZipLimits& limits = {}) {
  try {
    zip_member(zip, name, limits);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::Format);
    return error.what();
  }
  return {};
}

TEST(Zip, gives_the_member_that_is_asked_for) {
  const std::string binary("a\0b", 3);
  const auto zip = zip_of({{"first", "1"}, {"folder/second", binary}, {"empty", ""}});
  EXPECT_EQ(zip_member(zip, "first"), "1");
  EXPECT_EQ(zip_member(zip, "folder/second"), binary);
  EXPECT_EQ(zip_member(zip, "empty"), "");
  EXPECT_EQ(zip_member(zip, "third"), std::nullopt);
  EXPECT_EQ(zip_member(zip, "folder"), std::nullopt);
}

TEST(Zip, a_bomb_is_refused_by_its_size_and_by_its_ratio) {
  const auto bomb = zip_of({{"zeros", std::string(std::size_t{20} << 20, '\0')}});
  ASSERT_LT(bomb.size(), 30'000U);
  EXPECT_THAT(problem(bomb, "zeros", {std::size_t{1} << 20, 1'000'000}), HasSubstr("larger than 1.0 MiB"));
  EXPECT_THAT(problem(bomb, "zeros"), HasSubstr("more than 300 times"));
}

TEST(Zip, a_bomb_beside_the_member_is_not_unpacked) {
  EXPECT_EQ(zip_member(zip_of({{"zeros", std::string(std::size_t{20} << 20, '\0')}, {"text", "x"}}), "text"),
            "x");
}

TEST(Zip, bytes_that_are_no_zip_are_refused) {
  for (const auto* bytes :
       {"", "PK", "PK\003\004", "no zip at all, but long enough to look for the end of one"})
    EXPECT_NE(problem(bytes, "a"), "") << bytes;
}

TEST(Zip, a_zip_that_is_cut_or_damaged_is_refused) {
  std::string content;
  for (int i = 0; i < 2000; ++i) content += std::to_string(i * i);
  const auto zip = zip_of({{"a", content}});
  for (std::size_t size = 0; size < zip.size(); size += 97)
    EXPECT_NE(problem(zip.substr(0, size), "a"), "") << size;
  auto damaged = zip;
  damaged[zip.size() / 2] ^= 0x10;
  EXPECT_THAT(problem(damaged, "a"), HasSubstr("damaged"));
}

TEST(Zip, an_encrypted_member_is_refused) {
  auto zip = zip_of({{"a", "text"}});
  // Bit 0 of the general flags, in the header of the member and in the list at the end.
  zip[6] |= 1;
  zip[zip.rfind("PK\001\002") + 8] |= 1;
  EXPECT_THAT(problem(zip, "a"), HasSubstr("encrypted"));
}

}  // namespace
}  // namespace ipw::sandbox
