// SPDX-License-Identifier: Apache-2.0
// Tasks that bring a place of their own: opened before the task's time begins, verified after it has ended.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "ipw/datasets/dataset.h"
#include "ipw/harness/harness.h"
#include "ipw/records/query_record.h"

namespace ipw::execution {

/// The harnesses that a run's questions need. Thread-safe.
class Trials {
 public:
  explicit Trials(harness::HarnessOptions options) : options_(std::move(options)) {}

  struct Opened {
    std::unique_ptr<harness::Trial> trial;  ///< null where the question's rule is no harness
    std::string trouble;                    ///< why there is none although it should be
  };
  Opened open(const datasets::Question& question, const std::stop_token& stop);

 private:
  harness::HarnessOptions options_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<harness::Harness>, std::less<>> harnesses_;
};

/// Whether a rule is verified in the task's place while the run is under way.
bool is_verified_in_place(std::string_view rule);

/// The verdict of a trial on what the agent has done.
records::Evaluation verify(harness::Trial& trial, const datasets::Question& question, std::string_view answer,
                           const std::stop_token& stop);
/// The verdict on a task whose place is no longer fit for its tests.
records::Evaluation failed(const datasets::Question& question, const std::string& why);
/// The verdict on a task that could not be opened.
records::Evaluation not_opened(const datasets::Question& question, const std::string& trouble);

}  // namespace ipw::execution
