// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/task_trial.h"

#include "ipw/base/error.h"
#include "ipw/execution/scoring.h"

namespace ipw::execution {

Trials::Opened Trials::open(const datasets::Question& question, const std::stop_token& stop) {
  const auto* row = find(harness::harnesses(), question.scorer);
  if (row == nullptr) return {};
  try {
    const harness::Harness* harness = nullptr;
    {
      const std::lock_guard lock(mutex_);
      auto& slot = harnesses_[question.scorer];
      if (!slot) slot = row->make(options_);
      harness = slot.get();
    }
    return {harness->open(question, stop), {}};
  } catch (const Error& error) {
    return {nullptr, error.hint().empty() ? error.what() : std::string(error.what()) + "; " + error.hint()};
  } catch (const std::exception& error) {
    return {nullptr, error.what()};
  }
}

bool is_verified_in_place(std::string_view rule) {
  return find(harness::harnesses(), rule) != nullptr;
}

records::Evaluation verify(harness::Trial& trial, const datasets::Question& question, std::string_view answer,
                           const std::stop_token& stop) {
  evaluation::Verdict verdict;
  try {
    verdict = trial.verify(answer, stop);
  } catch (const std::exception& error) {
    verdict.reason = std::string("harness error: ") + error.what();
  }
  return to_record(verdict, question.scorer);
}

records::Evaluation failed(const datasets::Question& question, const std::string& why) {
  evaluation::Verdict verdict;
  verdict.correct = false;
  verdict.reason = why;
  return to_record(verdict, question.scorer);
}

records::Evaluation not_opened(const datasets::Question& question, const std::string& trouble) {
  evaluation::Verdict verdict;
  verdict.reason = "harness error: " + trouble;
  return to_record(verdict, question.scorer);
}

}  // namespace ipw::execution
