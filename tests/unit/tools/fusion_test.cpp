// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/fusion.h"

#include <gmock/gmock.h>

#include <cmath>

#include "ipw/base/error.h"
#include "ipw/tools/bm25.h"
#include "unit/tools/corpus.h"

namespace ipw::tools {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

/// Finds the documents it was given, in that order, and remembers how many were asked for.
class Fixed final : public Retriever {
 public:
  explicit Fixed(std::vector<std::string> documents) : documents_(std::move(documents)) {}
  std::vector<Hit> find(std::string_view, std::size_t top_k, const Patience&) const override {
    asked = top_k;
    std::vector<Hit> out;
    for (const auto& id : documents_)
      if (out.size() < top_k) out.push_back({id + "#1", id, 0, 1, 1000.0 - static_cast<double>(out.size())});
    return out;
  }
  mutable std::size_t asked = 0;

 private:
  std::vector<std::string> documents_;
};

std::vector<std::string> numbered(const std::string& prefix, int count) {
  std::vector<std::string> out;
  for (int i = 0; i < count; ++i) out.push_back(prefix + std::to_string(100 + i));
  return out;
}

TEST(Fusion, sums_the_weighted_reciprocals_of_ranks) {
  const auto left = std::make_shared<Fixed>(std::vector<std::string>{"a", "b"});
  const auto right = std::make_shared<Fixed>(std::vector<std::string>{"c", "b"});
  const auto hits = Fusion({{left, 0.7}, {right, 0.3}}).search("x", 5);
  ASSERT_THAT(ids(hits), ElementsAre("b#1", "a#1", "c#1"));
  EXPECT_DOUBLE_EQ(hits[0].score, 0.7 / 62 + 0.3 / 62);
  EXPECT_DOUBLE_EQ(hits[1].score, 0.7 / 61);
  EXPECT_DOUBLE_EQ(hits[2].score, 0.3 / 61);
  EXPECT_EQ(hits[0].document, "b");
}

TEST(Fusion, R4_returns_fifty_of_fifty_and_orders_ties_by_id) {
  const auto left = std::make_shared<Fixed>(numbered("b", 50)),
             right = std::make_shared<Fixed>(numbered("a", 50));
  const Fusion fusion({{left, 0.5}, {right, 0.5}});
  const auto hits = fusion.search("x", 50);
  ASSERT_THAT(hits, SizeIs(50));
  EXPECT_EQ(left->asked, 50U);
  EXPECT_THAT((std::vector{hits[0].id, hits[1].id, hits[2].id, hits[3].id}),
              ElementsAre("a100#1", "b100#1", "a101#1", "b101#1"));
  EXPECT_EQ(ids(fusion.search("x", 50)), ids(hits));
  EXPECT_THAT(fusion.search("x", 3), SizeIs(3));
  EXPECT_EQ(right->asked, 20U);
}

TEST(Fusion, R5_keeps_the_best_first_whatever_the_scores_of_its_sides) {
  const auto bm25 = std::make_shared<Bm25>(some_corpus(100));
  const auto fixed = std::make_shared<Fixed>(std::vector<std::string>{"doc3", "doc1"});
  const auto hits = Fusion({{bm25, 0.5}, {fixed, 0.5}}).search("word1 word2", 100);
  EXPECT_TRUE(std::ranges::is_sorted(hits, std::greater<>{}, &Hit::score));
}

TEST(Fusion, refuses_a_weight_out_of_range) {
  const auto fixed = std::make_shared<Fixed>(std::vector<std::string>{"a"});
  for (const double weight : {-0.1, std::nan(""), HUGE_VAL})
    EXPECT_THROW(Fusion(std::vector<WeightedRetriever>{{fixed, weight}}), Error);
}

}  // namespace
}  // namespace ipw::tools
