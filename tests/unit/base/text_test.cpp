// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/text.h"

#include <gtest/gtest.h>

#include <array>

#include "ipw/base/error.h"
#include "ipw/base/hash.h"
#include "ipw/base/registry.h"

namespace ipw {
namespace {

TEST(Slug, replaces_what_is_not_alphanumeric) {
  EXPECT_EQ(slug("llama-3.2:1b"), "llama_3_2_1b");
  EXPECT_EQ(slug("!!!"), "model");
  EXPECT_EQ(slug("Qwen/Qwen3-8B"), "Qwen_Qwen3_8B");
}

TEST(Numbers, parse_whole_texts_only) {
  EXPECT_EQ(parse_double(" 1.5 "), 1.5);
  EXPECT_EQ(parse_double("+2"), 2.0);
  EXPECT_FALSE(parse_double("1.5x"));
  EXPECT_FALSE(parse_double(""));
  EXPECT_FALSE(parse_double("nan"));
  EXPECT_FALSE(parse_double("inf"));
  EXPECT_EQ(parse_int("-7"), -7);
  EXPECT_FALSE(parse_int("7.0"));
}

TEST(HumanText, keeps_three_digits) {
  EXPECT_EQ(human_quantity(0.01234, "J"), "12.3 mJ");
  EXPECT_EQ(human_quantity(999.7, "J"), "1.00 kJ");
  EXPECT_EQ(human_quantity(0, "J"), "0 J");
  EXPECT_EQ(human_bytes(98'362'432), "93.8 MiB");
  EXPECT_EQ(human_duration(0.95), "950 ms");
  EXPECT_EQ(human_duration(125), "2 m 05 s");
}

TEST(NearNames, finds_typing_errors) {
  constexpr std::array<std::string_view, 3> known = {"llamacpp", "ollama", "openai"};
  EXPECT_EQ(near_names("olama", known).front(), "ollama");
  EXPECT_TRUE(near_names("zzzzzz", known).empty());
}

TEST(UnknownName, is_a_usage_error_that_lists_what_is_known) {
  constexpr std::array<std::string_view, 2> known = {"ollama", "openai"};
  try {
    throw_unknown("client", "olama", known);
    FAIL() << "nothing was thrown";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Usage);
    EXPECT_STREQ(e.what(), "unknown client 'olama'");
    EXPECT_NE(e.hint().find("did you mean ollama"), std::string::npos);
  }
}

TEST(Utf8, replaces_ill_formed_bytes) {
  EXPECT_EQ(to_valid_utf8("a\xFFz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(to_valid_utf8("Zürich"), "Zürich");
  EXPECT_EQ(to_valid_utf8("\xED\xA0\x80").find("\xED\xA0"), std::string::npos);  // a lone surrogate
}

TEST(Sha256, agrees_with_the_standard) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Text, numbers_inside_names_order_as_numbers) {
  const std::vector<std::string> ordered = {
      "", "01", "1", "2", "10", "tiny-36k", "tiny-360k", "tiny-840k", "tiny-840k-2", "tiny_1", "\xc3\xa9"};
  for (std::size_t i = 0; i < ordered.size(); ++i)
    for (std::size_t k = 0; k < ordered.size(); ++k)
      EXPECT_EQ(natural_less(ordered[i], ordered[k]), i < k) << ordered[i] << " and " << ordered[k];
}

}  // namespace
}  // namespace ipw
