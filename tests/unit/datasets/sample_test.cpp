// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>

#include "open.h"

namespace ipw::datasets {
namespace {

using ::testing::ElementsAre;

/// Questions whose subjects are the letters of a text.
class Letters final : public Dataset {
 public:
  explicit Letters(std::string subjects) : subjects_(std::move(subjects)) { info_.size = subjects_.size(); }
  const DatasetInfo& info() const override { return info_; }
  bool next(Question& question) override {
    if (at_ == subjects_.size()) return false;
    question = {};
    question.index = static_cast<std::int64_t>(at_);
    question.subject = std::string(1, subjects_[at_++]);
    return true;
  }

 private:
  std::string subjects_;
  DatasetInfo info_;
  std::size_t at_ = 0;
};

std::vector<std::int64_t> indices(std::unique_ptr<Dataset> dataset) {
  std::vector<std::int64_t> out;
  for (const auto& question : read_all(*dataset)) out.push_back(question.index);
  return out;
}

std::unique_ptr<Dataset> letters(const std::string& subjects) {
  return std::make_unique<Letters>(subjects);
}
const std::string kTopical = std::string(60, 'a') + std::string(30, 'b') + std::string(2, 'c');

std::map<std::string, int> shares(std::size_t count) {
  std::map<std::string, int> out;
  for (const auto& question : read_all(*sample_evenly(letters(kTopical), count, 1))) ++out[question.subject];
  return out;
}

TEST(SampleEvenly, S41_draws_exactly_as_many_evenly_over_subjects) {
  EXPECT_EQ(shares(6), (std::map<std::string, int>{{"a", 2}, {"b", 2}, {"c", 2}}));
}
TEST(SampleEvenly, leaves_the_share_of_a_small_subject_to_the_others) {
  EXPECT_EQ(shares(22), (std::map<std::string, int>{{"a", 10}, {"b", 10}, {"c", 2}}));
}
TEST(SampleEvenly, gives_all_for_zero_or_too_many) {
  EXPECT_EQ(indices(sample_evenly(letters(kTopical), 0, 1)).size(), kTopical.size());
  EXPECT_EQ(indices(sample_evenly(letters(kTopical), 1000, 1)).size(), kTopical.size());
}
TEST(SampleEvenly, keeps_the_order_of_the_dataset) {
  const auto drawn = indices(sample_evenly(letters(kTopical), 20, 3));
  EXPECT_TRUE(std::ranges::is_sorted(drawn));
}
TEST(SampleEvenly, draws_the_same_on_every_platform) {
  EXPECT_THAT(indices(sample_evenly(letters(kTopical), 5, 42)), ElementsAre(33, 53, 73, 90, 91));
}
TEST(SampleEvenly, draws_other_questions_with_another_seed) {
  EXPECT_NE(indices(sample_evenly(letters(kTopical), 20, 1)),
            indices(sample_evenly(letters(kTopical), 20, 2)));
}
TEST(SampleEvenly, draws_a_larger_sample_around_a_smaller_one) {
  const auto small = indices(sample_evenly(letters(kTopical), 10, 7));
  const auto large = indices(sample_evenly(letters(kTopical), 30, 7));
  EXPECT_TRUE(std::ranges::includes(large, small));
}
TEST(SampleEvenly, knows_its_size) {
  EXPECT_EQ(sample_evenly(letters(kTopical), 7, 1)->info().size, 7U);
}

TEST(LookAtFirst, takes_nothing_from_the_dataset) {
  auto dataset = letters("ab");
  const auto seen = look_at_first(dataset);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->subject, "a");
  EXPECT_EQ(dataset->info().size, 2U);
  EXPECT_THAT(indices(std::move(dataset)), ElementsAre(0, 1));
  auto none = letters("");
  EXPECT_FALSE(look_at_first(none));
  EXPECT_THAT(indices(std::move(none)), ElementsAre());
}
TEST(Shard, shards_together_are_the_whole) {
  std::multiset<std::int64_t> all;
  for (std::size_t i = 1; i <= 4; ++i)
    for (const auto index : indices(shard(letters(kTopical), i, 4))) all.insert(index);
  EXPECT_EQ(all.size(), kTopical.size());
  EXPECT_EQ(std::set<std::int64_t>(all.begin(), all.end()).size(), kTopical.size());
}
TEST(Skip, X4_leaves_the_first_out_and_keeps_the_indices_of_the_others) {
  EXPECT_THAT(indices(skip(letters("abcde"), 2)), testing::ElementsAre(2, 3, 4));
  EXPECT_THAT(indices(first(skip(letters("abcde"), 2), 2)), testing::ElementsAre(2, 3));
  EXPECT_THAT(indices(skip(letters("abc"), 5)), testing::IsEmpty());
  EXPECT_EQ(skip(letters("abc"), 1)->info().size, 2U);
}

TEST(Shard, of_the_first_questions_are_together_the_first_questions) {
  std::set<std::int64_t> all;
  for (std::size_t i = 1; i <= 3; ++i)
    for (const auto index : indices(shard(first(letters("abcdefgh"), 5), i, 3))) all.insert(index);
  EXPECT_THAT(all, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_EQ(first(letters("abc"), 5)->info().size, 3U);
}
TEST(Shard, counts_from_one_and_keeps_indices) {
  EXPECT_THAT(indices(shard(letters("abcdefg"), 2, 3)), ElementsAre(1, 4));
}
TEST(Shard, refuses_a_shard_that_does_not_exist) {
  EXPECT_EQ(error_of([] { shard(letters("a"), 0, 3); }), "shard 0/3 does not exist");
  EXPECT_EQ(error_of([] { shard(letters("a"), 4, 3); }), "shard 4/3 does not exist");
}

}  // namespace
}  // namespace ipw::datasets
