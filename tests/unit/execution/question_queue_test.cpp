// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/question_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace ipw::execution {
namespace {

class Numbers final : public datasets::Dataset {
 public:
  explicit Numbers(std::int64_t n) : n_(n) { info_.size = static_cast<std::size_t>(n); }
  const datasets::DatasetInfo& info() const override { return info_; }
  bool next(datasets::Question& question) override {
    question.index = at_++;
    return question.index < n_;
  }

 private:
  std::int64_t n_, at_ = 0;
  datasets::DatasetInfo info_;
};

std::vector<std::int64_t> drain(QuestionQueue& queue) {
  std::vector<std::int64_t> out;
  while (const auto q = queue.next()) out.push_back(q->index);
  return out;
}

TEST(QuestionQueue, gives_each_question_once_in_order) {
  QuestionQueue queue(std::make_unique<Numbers>(4), std::nullopt, {});
  EXPECT_EQ(queue.total(), 4U);
  EXPECT_EQ(drain(queue), (std::vector<std::int64_t>{0, 1, 2, 3}));
}

TEST(QuestionQueue, X4_leaves_out_what_is_finished_but_counts_it) {
  QuestionQueue queue(std::make_unique<Numbers>(10), 5, {0, 1, 3});
  EXPECT_EQ(queue.total(), 5U);
  EXPECT_EQ(drain(queue), (std::vector<std::int64_t>{2, 4}));
}

TEST(QuestionQueue, asks_each_question_in_every_pass_under_an_index_of_its_own) {
  const auto reopen = [] { return std::make_unique<Numbers>(5); };
  QuestionQueue queue(reopen(), 2, {}, {3, reopen});
  EXPECT_EQ(queue.total(), 6U);
  EXPECT_EQ(drain(queue), (std::vector<std::int64_t>{0, 3, 1, 4, 2, 5}));
  for (std::int64_t index = 0; index < 6; ++index) {
    EXPECT_EQ(place_of(index, 3).question, index / 3);
    EXPECT_EQ(place_of(index, 3).sample, index % 3);
  }
}

TEST(QuestionQueue, X4_leaves_out_the_samples_that_are_finished) {
  const auto reopen = [] { return std::make_unique<Numbers>(3); };
  QuestionQueue queue(reopen(), std::nullopt, {0, 1, 4}, {2, reopen});
  EXPECT_EQ(drain(queue), (std::vector<std::int64_t>{2, 3, 5}));
}

TEST(QuestionQueue, names_samples_apart_and_one_sample_not_at_all) {
  datasets::Question question;
  question.index = 7;
  EXPECT_EQ(as_sample(question, 0, 1).id, "");
  EXPECT_EQ(as_sample(question, 0, 1).index, 7);
  EXPECT_EQ(as_sample(question, 2, 4).id, "q0007#2");
  EXPECT_EQ(as_sample(question, 2, 4).index, 30);
  question.id = "maths/3";
  EXPECT_EQ(as_sample(question, 1, 4).id, "maths/3#1");
}

TEST(QuestionQueue, serves_many_threads_without_giving_one_twice) {
  QuestionQueue queue(std::make_unique<Numbers>(1000), std::nullopt, {});
  std::vector<std::vector<std::int64_t>> parts(4);
  {
    std::vector<std::jthread> threads;
    for (auto& part : parts) threads.emplace_back([&queue, &part] { part = drain(queue); });
  }
  std::vector<std::int64_t> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  std::ranges::sort(all);
  EXPECT_EQ(all.size(), 1000U);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
}

}  // namespace
}  // namespace ipw::execution
