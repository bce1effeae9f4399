// SPDX-License-Identifier: Apache-2.0
// The questions of a run, handed to the workers one at a time.
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "ipw/datasets/dataset.h"
#include "ipw/records/index_set.h"

namespace ipw::execution {

/// Ask every question this often. Each pass goes through the whole dataset, so that the repeats of a question
/// stand far apart and a server's prompt cache serves few of them.
struct Repeats {
  std::size_t samples = 1;
  std::function<std::unique_ptr<datasets::Dataset>()> reopen;  ///< the dataset from its beginning
};

/// The record of a question's sample: the question with an index and an id of its own. With one sample it is
/// the question as it is.
datasets::Question as_sample(datasets::Question question, std::size_t sample, std::size_t samples);
/// The question and the sample that a record's index stands for.
struct SamplePlace {
  std::int64_t question = 0, sample = 0;
};
SamplePlace place_of(std::int64_t index, std::size_t samples);

/// Give each sample of each question once, in dataset order, without those that are already finished.
/// Thread-safe.
class QuestionQueue {
 public:
  /// Take at most `limit` questions of the dataset, finished ones included, so that a resumed run ends where
  /// the first would.
  QuestionQueue(std::unique_ptr<datasets::Dataset> dataset, std::optional<std::size_t> limit,
                records::IndexSet finished, Repeats repeats = {});
  std::optional<datasets::Question> next();
  /// How many queries the run has in all, where the dataset knows its size.
  std::optional<std::size_t> total() const;

 private:
  std::mutex mutex_;
  std::unique_ptr<datasets::Dataset> dataset_;
  std::optional<std::size_t> limit_;
  records::IndexSet finished_;
  Repeats repeats_;
  std::size_t seen_ = 0, pass_ = 0;
};

}  // namespace ipw::execution
