// SPDX-License-Identifier: Apache-2.0
// Tasks of benchmarks that bring a place of their own and say themselves whether they are solved.
#pragma once
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "ipw/base/registry.h"
#include "ipw/datasets/dataset.h"
#include "ipw/evaluation/scorer.h"
#include "ipw/sandbox/workplace.h"

namespace ipw::harness {

/// One attempt at a task. Nothing of it is left behind when it goes. One thread at a time.
class Trial {
 public:
  virtual ~Trial() = default;
  /// Where the agent works; lives as long as the trial.
  virtual sandbox::Workplace& place() = 0;
  /// Whether what the agent has left there solves the task, or what it has answered, where the benchmark
  /// takes a patch. A failure to find out is an unscored verdict with its reason, never a "wrong".
  virtual evaluation::Verdict verify(std::string_view answer, std::stop_token stop) = 0;
};

/// Thread-safe.
class Harness {
 public:
  virtual ~Harness() = default;
  /// Make the task's place. Throws Error with what is missing, such as its image.
  virtual std::unique_ptr<Trial> open(const datasets::Question& question, std::stop_token stop) const = 0;
};

struct HarnessOptions {
  std::string engine;    ///< endpoint of the container engine; empty: the one that is found
  std::string data_dir;  ///< where the files of data/ are
};

using HarnessEntry = Entry<Harness, const HarnessOptions&>;
/// The registry: harnesses.cpp. The names are rules of questions (Question::scorer).
std::span<const HarnessEntry> harnesses();

}  // namespace ipw::harness
