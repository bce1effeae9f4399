// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/bm25.h"

#include <gmock/gmock.h>

#include <cmath>

#include "ipw/base/error.h"
#include "unit/tools/corpus.h"

namespace ipw::tools {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Bm25, R1_finds_an_inflected_word_in_two_documents) {
  const Bm25 bm25(corpus_of({{"a", "Turbines were connected to the grid."}, {"b", "A recipe for bread."}}));
  for (const char* query : {"connected", "connections", "Connect", "what is the connection?"})
    EXPECT_THAT(ids(bm25.search(query, 5)), ElementsAre("a#1")) << query;
}

TEST(Bm25, R1_finds_a_word_that_every_document_has) {
  const Bm25 bm25(corpus_of({{"a", "energy"}, {"b", "energy of water"}}));
  EXPECT_THAT(ids(bm25.search("energies", 5)), ElementsAre("a#1", "b#1"));
  EXPECT_THAT(ids(Bm25(corpus_of({{"only", "energy"}})).search("energy", 5)), ElementsAre("only#1"));
}

TEST(Bm25, R1_ignores_stop_words_unless_there_are_no_others) {
  const Bm25 bm25(corpus_of({{"a", "the the the what is"}, {"b", "volcano"}}));
  EXPECT_THAT(ids(bm25.search("what is the volcano", 5)), ElementsAre("b#1"));
  EXPECT_THAT(ids(bm25.search("what is the", 5)), ElementsAre("a#1"));
}

TEST(Bm25, R2_finds_a_fact_at_the_end_of_a_long_document) {
  const std::string fact = "The pangolin weighs four kilograms.";
  const auto corpus =
      corpus_of({{"long", some_text(7, 5000) + "\n\n" + fact}, {"other", some_text(8, 5000)}});
  const auto hits = Bm25(corpus).search("How heavy is a pangolin?", 3);
  ASSERT_THAT(hits, SizeIs(1));
  EXPECT_EQ(hits[0].document, "long");
  EXPECT_EQ(hits[0].id, "long#" + std::to_string(corpus->chunks().size() / 2));
  const auto text = corpus->find("long")->content.substr(hits[0].begin, hits[0].end - hits[0].begin);
  EXPECT_TRUE(text.ends_with(fact));
  EXPECT_LE(text.size(), 1200U);
}

TEST(Bm25, R4_returns_as_many_as_asked_and_orders_ties_by_id) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (char c = 'z'; c >= 'a'; --c)
    for (char d = 'c'; d >= 'a'; --d) texts.emplace_back(std::string{c, d}, "the same words");
  const Bm25 bm25(corpus_of(texts));
  const auto hits = bm25.search("words", 50);
  ASSERT_THAT(hits, SizeIs(50));
  EXPECT_TRUE(std::ranges::is_sorted(ids(hits)));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ids(bm25.search("words", 50)), ids(hits));
  EXPECT_THAT(bm25.search("words", static_cast<std::size_t>(-1)), SizeIs(78));
  EXPECT_THAT(bm25.search("words", 0), IsEmpty());
}

TEST(Bm25, R5_scores_the_better_chunk_higher) {
  const Bm25 bm25(some_corpus(300));
  const auto hits = bm25.search("word1 word2 word3 word3", 300);
  ASSERT_GT(hits.size(), 50U);
  EXPECT_TRUE(std::ranges::is_sorted(hits, std::greater<>{}, &Hit::score));
  EXPECT_GT(hits.back().score, 0);
  const auto first = bm25.search("word1 word2 word3 word3", 7);
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i].id, hits[i].id);
}

TEST(Bm25, follows_the_formula) {
  const Bm25 bm25(corpus_of({{"a", "cat cat dog"}, {"b", "cat"}, {"c", "owl owl"}}), {1.2, 0.5});
  const double idf = std::log(1 + (3 - 2 + 0.5) / (2 + 0.5)), mean = 2;
  const auto score = [&](double count, double length) {
    return idf * count * 2.2 / (count + 1.2 * (1 - 0.5 + 0.5 * length / mean));
  };
  const auto hits = bm25.search("cats", 5);
  ASSERT_THAT(ids(hits), ElementsAre("a#1", "b#1"));
  EXPECT_DOUBLE_EQ(hits[0].score, score(2, 3));
  EXPECT_DOUBLE_EQ(hits[1].score, score(1, 1));
  EXPECT_DOUBLE_EQ(bm25.search("cat cat", 5)[1].score, 2 * score(1, 1));
}

TEST(Bm25, answers_the_same_as_a_sum_over_every_chunk) {
  const auto corpus = some_corpus(500);
  const Bm25 bm25(corpus);
  std::vector<Hit> expected(corpus->chunks().size());
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = corpus->hit(i, 0);
  for (const char* word : {"word5", "word17", "word99"})
    for (const auto& hit : bm25.search(word, 500))
      for (auto& sum : expected) sum.score += sum.id == hit.id ? hit.score : 0;
  std::erase_if(expected, [](const Hit& hit) { return hit.score == 0; });
  const auto hits = bm25.search("word5 word17 word99", 500);
  ASSERT_EQ(hits.size(), expected.size());
  std::ranges::sort(expected, {}, &Hit::id);
  auto sorted = hits;
  std::ranges::sort(sorted, {}, &Hit::id);
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    EXPECT_EQ(sorted[i].id, expected[i].id);
    EXPECT_NEAR(sorted[i].score, expected[i].score, 1e-12);
  }
  EXPECT_EQ(ids(bm25.search("word99 word5 word17", 500)), ids(hits));
}

TEST(Bm25, survives_corpora_and_queries_with_nothing_in_them) {
  EXPECT_THAT(Bm25(corpus_of({})).search("a", 5), IsEmpty());
  EXPECT_THAT(Bm25(corpus_of({{"a", "..."}})).search("a", 5), IsEmpty());
  const Bm25 bm25(corpus_of({{"a", "x"}}));
  for (const char* query : {"", "?!", "\xFF", "unknown"}) EXPECT_THAT(bm25.search(query, 5), IsEmpty());
}

TEST(Bm25, refuses_options_out_of_range) {
  const auto corpus = corpus_of({{"a", "x"}});
  for (const auto& options :
       {Bm25Options{-1, 0.5}, {1, 1.5}, {1, -0.1}, {NAN, 0.5}, {1, NAN}, {INFINITY, 0.5}})
    EXPECT_THROW(Bm25(corpus, options), Error);
}

}  // namespace
}  // namespace ipw::tools
