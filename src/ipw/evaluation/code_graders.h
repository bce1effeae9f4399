// SPDX-License-Identifier: Apache-2.0
// Rules that run the program of a response; their rows are in graders.cpp.
#pragma once
#include <memory>

#include "ipw/evaluation/grader.h"

namespace ipw::evaluation {

/// HumanEval (Chen et al. 2021, arXiv 2107.03374). Metadata: `prompt`, `test`, `entry_point`, as published.
std::unique_ptr<Grader> make_humaneval();

/// LiveCodeBench (Jain et al. 2024, arXiv 2403.07974). Metadata: `tests`, a list of `{"input","output",
/// "testtype"}` with testtype "stdin" or "functional", or `tests_path`, a JSON file of that list; `func_name`
/// for functional tests; `time_limit` in seconds, 6 where it is absent.
std::unique_ptr<Grader> make_livecodebench();

}  // namespace ipw::evaluation
