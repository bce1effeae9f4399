// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/swe_log.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "ipw/base/text.h"

namespace ipw::harness {
namespace {

constexpr std::string_view kStart = ">>>>> Start Test Output", kEnd = ">>>>> End Test Output";

/// Signs that a runner has run tests, for logs that name none (SUITE_RAN of grading.py). No count may be 0.
bool suite_ran(std::string_view log) {
  static const RE2 kRan(
      R"((?m)Executed [1-9]\d* of \d+|TOTAL: [1-9]\d* (?:SUCCESS|FAILED)|[1-9]\d* passing|Tests:\s+[1-9]\d*)"
      R"(|Test Suites:\s+(?:\d+ \w+, )*[1-9]\d* total|^# tests [1-9]\d*|[1-9]\d* specs?, \d+ failures?|': ok$)",
      RE2::Latin1);
  return RE2::PartialMatch(re2::StringPiece(log.data(), log.size()), kRan);
}

/// Faults that no change of a repository's sources makes (infra_failure.py, the tier "environment").
std::string_view environment_fault(std::string_view log) {
  static const RE2 kFault(
      R"((?m)(Failed to launch|Failed to connect to the bus|cannot open display|Missing X server|unable to open X display)"
      R"(|Cannot allocate memory|OutOfMemoryError|^Killed$|Error response from daemon|Cannot connect to the Docker daemon)"
      R"(|Could not resolve host|Temporary failure in name resolution))",
      RE2::Latin1);
  re2::StringPiece found;
  if (!RE2::PartialMatch(re2::StringPiece(log.data(), log.size()), kFault, &found)) return {};
  return {found.data(), found.size()};
}

std::optional<int> exit_code(std::string_view log) {
  static const RE2 kCode(R"(>>>>> Test Exit Code:\s*(-?\d+))", RE2::Latin1);
  int code = 0;
  if (!RE2::PartialMatch(re2::StringPiece(log.data(), log.size()), kCode, &code)) return std::nullopt;
  return code;
}

bool has_failure(const TestStatuses& tests) {
  return std::ranges::any_of(tests,
                             [](const auto& t) { return t.second == "FAILED" || t.second == "ERROR"; });
}

bool is_pass(const std::string& status) {
  return status == "PASSED" || status == "XFAIL";
}

/// The status of a test. Ids that the dataset has cut inside a bracket match by their beginning, as long as
/// all that begin so agree.
const std::string* status_of(const std::string& test, const TestStatuses& all) {
  const auto exact = all.find(test);
  if (exact != all.end()) return &exact->second;
  if (std::ranges::count(test, '[') <= std::ranges::count(test, ']')) return nullptr;
  const std::string* found = nullptr;
  for (auto it = all.lower_bound(test); it != all.end() && it->first.starts_with(test); ++it) {
    if (found != nullptr && is_pass(*found) != is_pass(it->second)) return nullptr;
    if (found == nullptr) found = &it->second;
  }
  return found;
}

}  // namespace

SweLog read_swe_log(std::string_view log, LogParser parser) {
  SweLog out;
  constexpr std::array<std::string_view, 4> kBad = {">>>>> Patch Apply Failed", ">>>>> Reset Failed",
                                                    ">>>>> Tests Errored", ">>>>> Tests Timed Out"};
  const auto start = log.find(kStart);
  const auto end = log.find(kEnd, start == std::string_view::npos ? 0 : start);
  if (start == std::string_view::npos || end == std::string_view::npos) {
    out.unfinished = "the evaluation script did not come to the end of its tests";
    return out;
  }
  const auto from = start + kStart.size();
  for (const auto bad : kBad)
    if (log.find(bad) != std::string_view::npos) out.invalid = fmt::format("the log says '{}'", bad);
  if (!out.invalid.empty()) return out;
  out.tests = parser(log.substr(from, end - from));
  if (out.tests.empty()) out.tests = parser(log);
  if (out.tests.empty() && !suite_ran(log)) {
    if (const auto fault = environment_fault(log); !fault.empty())
      out.unfinished = fmt::format("no test ran; the log says '{}'", fault);
    else
      out.invalid = "no test ran";
    return out;
  }
  const auto code = exit_code(log);
  if (code && *code != 0 && !out.tests.empty() && !has_failure(out.tests)) {
    out.invalid = fmt::format("the tests ended with status {}, and the log names no failure", *code);
    out.tests.clear();
  }
  return out;
}

SweGrade grade_swe(const SweTests& tests, const TestStatuses& statuses) {
  SweGrade out;
  const auto failed = [&](const std::string& test, bool may_skip) {
    if (tests.fail_only) {
      const auto it = statuses.find(test);
      return it != statuses.end() && it->second == "FAILED";
    }
    const auto* status = status_of(test, statuses);
    return status == nullptr || !(is_pass(*status) || (may_skip && *status == "SKIPPED"));
  };
  for (const auto& test : tests.fail_to_pass)
    if (failed(test, false)) out.fail_to_pass_failed.push_back(test);
  for (const auto& test : tests.pass_to_pass)
    if (failed(test, true)) out.pass_to_pass_failed.push_back(test);
  return out;
}

}  // namespace ipw::harness
