// SPDX-License-Identifier: Apache-2.0
// The questions of a run, handed to the workers one at a time.
#pragma once
#include <memory>
#include <mutex>
#include <optional>

#include "ipw/datasets/dataset.h"
#include "ipw/records/index_set.h"

namespace ipw::execution {

/// Give each question once, in dataset order, without those that are already finished. Thread-safe.
class QuestionQueue {
 public:
  /// Take at most `limit` questions of the dataset, finished ones included, so that a resumed run ends where
  /// the first would.
  QuestionQueue(std::unique_ptr<datasets::Dataset> dataset, std::optional<std::size_t> limit,
                records::IndexSet finished);
  std::optional<datasets::Question> next();
  /// How many questions the run has in all, where the dataset knows its size.
  std::optional<std::size_t> total() const;

 private:
  std::mutex mutex_;
  std::unique_ptr<datasets::Dataset> dataset_;
  std::optional<std::size_t> limit_;
  records::IndexSet finished_;
  std::size_t seen_ = 0;
};

}  // namespace ipw::execution
