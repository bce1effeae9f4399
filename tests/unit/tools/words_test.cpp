// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/words.h"

#include <gmock/gmock.h>

namespace ipw::tools {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  WordReader reader(text);
  for (std::string word; reader.next(word);) out.push_back(word);
  return out;
}

TEST(WordReader, lowers_letters_of_every_script) {
  EXPECT_THAT(words("The RTX-4090, x_1!"), ElementsAre("the", "rtx", "4090", "x_1"));
  EXPECT_THAT(words("ÉCOLE Αθήνα МОСКВА"), ElementsAre("école", "αθήνα", "москва"));
  EXPECT_THAT(words("don't"), ElementsAre("don", "t"));
}

TEST(WordReader, reads_an_accent_typed_apart_as_one_typed_together) {
  EXPECT_EQ(words("cafe\u0301"), words("caf\u00E9"));
}

TEST(WordReader, takes_each_han_and_kana_character_as_a_word) {
  EXPECT_THAT(words("GPU電力、です"), ElementsAre("gpu", "電", "力", "で", "す"));
}

TEST(WordReader, takes_bytes_that_are_no_text_as_gaps) {
  EXPECT_THAT(words("a\xFF\xFE"
                    "b\xC3"),
              ElementsAre("a", "b"));
  EXPECT_THAT(words(" \t--"), IsEmpty());
}

TEST(QueryTerms, leaves_stop_words_out_when_others_remain) {
  EXPECT_THAT(query_terms("What are the connections?"), ElementsAre("connect"));
  EXPECT_THAT(query_terms("The Who"), ElementsAre("the", "who"));
  EXPECT_THAT(query_terms(""), IsEmpty());
}

TEST(QueryTerms, keeps_repetitions) {
  EXPECT_THAT(query_terms("watts per watt"), ElementsAre("per", "watt", "watt"));
}

}  // namespace
}  // namespace ipw::tools
