// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/chunk.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <string>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "unit/tools/corpus.h"

namespace ipw::tools {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> pieces(const std::string& text, const ChunkOptions& options) {
  std::vector<std::string> out;
  for (const auto& [begin, end] : split_text(text, options)) out.push_back(text.substr(begin, end - begin));
  return out;
}

TEST(SplitText, keeps_a_short_text_whole_without_the_space_around_it) {
  EXPECT_THAT(pieces("  one two\n", {}), ElementsAre("one two"));
  EXPECT_THAT(pieces(" \n ", {}), IsEmpty());
  EXPECT_THAT(pieces("", {}), IsEmpty());
}

TEST(SplitText, prefers_paragraphs_to_sentences_to_words) {
  const ChunkOptions options{40, 0};
  EXPECT_THAT(pieces("A first line of a text.\n\nThen. And more and more words.", options),
              ElementsAre("A first line of a text.", "Then. And more and more words."));
  EXPECT_THAT(pieces("A first line of a (text.) Then and more and more words.", options),
              ElementsAre("A first line of a (text.)", "Then and more and more words."));
  EXPECT_THAT(pieces("a first line of a text then and more and more words", options),
              ElementsAre("a first line of a text then and more and", "more words"));
}

TEST(SplitText, cuts_between_characters_where_there_are_no_words) {
  std::string text;
  for (int i = 0; i < 50; ++i) text += "電";
  for (const auto& piece : pieces(text, {32, 7})) {
    EXPECT_EQ(to_valid_utf8(piece), piece);
    EXPECT_LE(piece.size(), 32U);
  }
  EXPECT_THAT(pieces("一二三四五六七八。九十一二三四五六", {32, 0}),
              ElementsAre("一二三四五六七八。", "九十一二三四五六"));
}

TEST(SplitText, starts_the_next_piece_at_a_word_of_the_overlap) {
  EXPECT_THAT(pieces("aaaa bbbb cccc dddd eeee ffff gggg hhhh iiii", {32, 12}),
              ElementsAre("aaaa bbbb cccc dddd eeee ffff", "eeee ffff gggg hhhh iiii"));
}

TEST(SplitText, leaves_nothing_out_but_space) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const auto text = some_text(seed, 60) + std::string(seed, '\xA9') + "\n\n" + some_text(seed + 100, 40);
    const ChunkOptions options{40 + seed, seed % 20};
    std::size_t covered = 0;
    for (const auto& [begin, end] : split_text(text, options)) {
      EXPECT_LT(begin, end);
      EXPECT_LE(end - begin, options.max_bytes);
      const auto skipped = std::string_view(text).substr(covered, begin - std::min(begin, covered));
      EXPECT_TRUE(trim(skipped).empty());
      EXPECT_GT(end, covered) << "a piece inside the one before";
      covered = end;
    }
    EXPECT_TRUE(trim(std::string_view(text).substr(covered)).empty());
  }
}

TEST(SplitText, refuses_options_out_of_range) {
  EXPECT_THROW(split_text("a", {31, 0}), Error);
  EXPECT_THROW(split_text("a", {100, 51}), Error);
}

TEST(Corpus, names_each_chunk_and_its_document) {
  const auto corpus = corpus_of({{"b", "other"}, {"a", some_text(1, 60)}}, {100, 20});
  const auto hit = corpus->hit(2, 1.5);
  EXPECT_EQ(hit.id, "a#3");
  EXPECT_EQ(hit.document, "a");
  EXPECT_EQ(corpus->text(2), corpus->find("a")->content.substr(hit.begin, hit.end - hit.begin));
  EXPECT_EQ(corpus->hit(corpus->chunks().size() - 1, 0).id, "b#1");
  EXPECT_EQ(corpus->find("c"), nullptr);
}

TEST(Corpus, refuses_ids_that_are_empty_or_there_twice) {
  EXPECT_THROW(corpus_of({{"a", "x"}, {"a", "y"}}), Error);
  EXPECT_THROW(corpus_of({{"", "x"}}), Error);
}

}  // namespace
}  // namespace ipw::tools
