// SPDX-License-Identifier: Apache-2.0
// SWEfficiency's figures: how much faster a workload has become, and beside what the expert has made of it.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/harness/swe_log.h"

namespace ipw::harness {

struct Runtime {
  double mean = 0, deviation = 0;  ///< seconds of a run of the workload
};
/// The workload's "Mean:" and "Std Dev:". Nothing where they are missing or no positive finite numbers.
/// Source: test_spec.py, parse_perf_output.
std::optional<Runtime> runtime_of(std::string_view log);

struct Speedup {
  Runtime before, after;
  double ratio() const { return before.mean / after.mean; }
  /// Whether the gain is above the deviation of the difference of two runs: our own rule, since the benchmark
  /// has none for a single task.
  bool is_faster() const;
};

/// The program that runs a workload so that each repetition is a process of its own: nothing that one leaves
/// in memory helps the next. In place of rewriting the workload (run_to_run_isolation.py) it replaces
/// timeit.repeat.
std::string_view isolated_workload_runner();

/// The parts of a log that belong to a file of tests, which begins at its marker, read one by one.
TestStatuses statuses_by_file(std::string_view log, LogParser parser);
constexpr std::string_view kTestFileMarker = ">>>>> Test File: ";

/// The PASS_TO_PASS that are not among the passed ("PASS" in the status: get_report.py).
std::vector<std::string> not_passed(const std::vector<std::string>& pass_to_pass,
                                    const TestStatuses& statuses);

}  // namespace ipw::harness
