// SPDX-License-Identifier: Apache-2.0
// What the tests of a repository have printed, as SWE-bench and SWEfficiency read it.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/base/result.h"

namespace ipw::harness {

/// The status of each test as the log has it: FAILED, PASSED, SKIPPED, ERROR, XFAIL.
using TestStatuses = std::map<std::string, std::string>;
using LogParser = TestStatuses (*)(std::string_view log);

/// A parser of SWE-bench for Python, by the name that the dataset gives it ("parse_log_pytest_v2") or by a
/// repository ("astropy/astropy"); null where there is none. Source: SWE-bench 5.0.2,
/// swebench/harness/log_parsers/python.py.
LogParser swebench_parser(std::string_view name);
/// A parser of SWEfficiency by the repository; null where there is none. Source: swefficiency, commit
/// fa356b7, swefficiency/harness/log_parsers.py.
LogParser swefficiency_parser(std::string_view repository);
/// SymPy's own runner, also where it ends the lines of modules with "[OK]" or "[FAIL]".
TestStatuses rules_of_sympy(std::string_view log);

/// What an evaluation script has printed, read by SWE-bench's rules (grading.py, get_logs_eval).
struct SweLog {
  TestStatuses tests;
  std::string invalid;     ///< why the log proves nothing good: the answer is not resolved
  std::string unfinished;  ///< why the log proves nothing at all: the harness has failed
};
SweLog read_swe_log(std::string_view log, LogParser parser);

struct SweTests {
  std::vector<std::string> fail_to_pass, pass_to_pass;
  bool fail_only = false;  ///< a test that the log does not name has passed
};
struct SweGrade {
  std::vector<std::string> fail_to_pass_failed, pass_to_pass_failed;
  bool resolved() const { return fail_to_pass_failed.empty() && pass_to_pass_failed.empty(); }
};
/// SWE-bench's rule: every FAIL_TO_PASS has passed, every PASS_TO_PASS has passed or is skipped.
SweGrade grade_swe(const SweTests& tests, const TestStatuses& statuses);

}  // namespace ipw::harness
