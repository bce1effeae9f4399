// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/question_queue.h"

#include <fmt/format.h>

#include <algorithm>

namespace ipw::execution {

datasets::Question as_sample(datasets::Question question, std::size_t sample, std::size_t samples) {
  if (samples <= 1) return question;
  if (question.id.empty()) question.id = fmt::format("q{:04}", question.index);
  question.id += fmt::format("#{}", sample);
  question.index = question.index * static_cast<std::int64_t>(samples) + static_cast<std::int64_t>(sample);
  return question;
}

SamplePlace place_of(std::int64_t index, std::size_t samples) {
  const auto each = static_cast<std::int64_t>(std::max<std::size_t>(1, samples));
  return {index / each, index % each};
}

QuestionQueue::QuestionQueue(std::unique_ptr<datasets::Dataset> dataset, std::optional<std::size_t> limit,
                             records::IndexSet finished, Repeats repeats)
    : dataset_(std::move(dataset)),
      limit_(limit),
      finished_(std::move(finished)),
      repeats_(std::move(repeats)) {}

std::optional<datasets::Question> QuestionQueue::next() {
  const std::lock_guard lock(mutex_);
  for (;;) {
    datasets::Question question;
    while ((!limit_ || seen_ < *limit_) && dataset_->next(question)) {
      ++seen_;
      question = as_sample(std::move(question), pass_, repeats_.samples);
      if (!finished_.contains(question.index)) return question;
      question = {};
    }
    if (pass_ + 1 >= repeats_.samples) return std::nullopt;
    dataset_ = repeats_.reopen();
    ++pass_;
    seen_ = 0;
  }
}

std::optional<std::size_t> QuestionQueue::total() const {
  const auto size = dataset_->info().size;
  const auto questions = size && limit_ ? std::min(*size, *limit_) : size;
  return questions ? std::optional(*questions * repeats_.samples) : std::nullopt;
}

}  // namespace ipw::execution
