// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/question_queue.h"

#include <algorithm>

namespace ipw::execution {

QuestionQueue::QuestionQueue(std::unique_ptr<datasets::Dataset> dataset, std::optional<std::size_t> limit,
                             records::IndexSet finished)
    : dataset_(std::move(dataset)), limit_(limit), finished_(std::move(finished)) {}

std::optional<datasets::Question> QuestionQueue::next() {
  const std::lock_guard lock(mutex_);
  datasets::Question question;
  while ((!limit_ || seen_ < *limit_) && dataset_->next(question)) {
    ++seen_;
    if (!finished_.contains(question.index)) return question;
  }
  return std::nullopt;
}

std::optional<std::size_t> QuestionQueue::total() const {
  const auto size = dataset_->info().size;
  return size && limit_ ? std::min(*size, *limit_) : size;
}

}  // namespace ipw::execution
