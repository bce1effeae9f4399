// SPDX-License-Identifier: Apache-2.0
// LiveCodeBench: the program has to pass every test, public and private
// (github.com/LiveCodeBench/LiveCodeBench, lcb_runner/evaluation). Output is compared line by line without
// white space at the ends, then number by number; a functional test calls the method of Solution or the
// function and compares its value.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/base/text.h"
#include "ipw/evaluation/answer_text.h"
#include "ipw/evaluation/code_graders.h"
#include "ipw/evaluation/code_text.h"
#include "ipw/evaluation/verdicts.h"

namespace ipw::evaluation {
namespace {

constexpr double kTimeLimit = 6;  // seconds a test, the default of the official runner
constexpr std::string_view kValue = "ipw-value ";

struct Case {
  std::string input, output;
  bool functional = false;
};

struct Problem {
  std::vector<Case> tests;
  std::string function;
  double time_limit = kTimeLimit;
};

/// Throws Error or a JSON exception for a problem that cannot be used.
Problem read_problem(std::string_view metadata) {
  const auto json = Json::parse(metadata);
  Problem out;
  out.function = json.value("func_name", "");
  out.time_limit = std::clamp(json.value("time_limit", kTimeLimit), 1.0, 60.0);
  const auto tests =
      json.contains("tests_path") ? read_json_file(json["tests_path"].get<std::string>()) : json.at("tests");
  for (const auto& test : tests)
    out.tests.push_back(
        {test.at("input"), test.at("output"), test.value("testtype", "stdin") == "functional"});
  if (out.tests.empty()) throw Error(ErrorCode::Format, "no tests");
  return out;
}

/// The last block, as the official extraction takes it.
std::string_view code_of(std::string_view response) {
  const auto blocks = fenced_blocks(without_reasoning(response));
  return blocks.empty() ? std::string_view() : blocks.back();
}

/// What the official runner puts in front, so that solutions may leave their imports out.
constexpr std::string_view kPreamble =
    "import string, re, datetime, collections, heapq, bisect, copy, math, random, statistics, itertools, "
    "functools\n"
    "import operator, io, sys, json\n"
    "from string import *\nfrom re import *\nfrom datetime import *\nfrom collections import *\nfrom heapq "
    "import *\n"
    "from bisect import *\nfrom copy import *\nfrom math import *\nfrom random import *\nfrom statistics "
    "import *\n"
    "from itertools import *\nfrom functools import *\nfrom operator import *\nfrom io import *\nfrom sys "
    "import *\n"
    "from json import *\nfrom builtins import *\nfrom typing import *\nsys.setrecursionlimit(50000)\n";

/// A call with one JSON value a line of the input as its arguments; its value is written as JSON.
std::string call_of(const Problem& problem) {
  return fmt::format(
      "\nimport json as _json, sys as _sys\n"
      "_call = getattr(Solution(), '{0}') if 'Solution' in globals() else {0}\n"
      "_value = _call(*[_json.loads(_line) for _line in _sys.stdin.read().split('\\n') if _line.strip()])\n"
      "print('{1}' + _json.dumps(_value))\n",
      problem.function, kValue);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  auto lines = split(trim(text), '\n');
  for (auto& line : lines) line = trim(line);
  return lines;
}

std::vector<std::string_view> tokens_of(std::string_view line) {
  std::vector<std::string_view> out;
  for (const auto token : split(line, ' '))
    if (!trim(token).empty()) out.push_back(trim(token));
  return out;
}

bool equal_numbers(std::string_view a, std::string_view b) {
  const auto left = tokens_of(a), right = tokens_of(b);
  return !left.empty() && std::ranges::equal(left, right, [](std::string_view x, std::string_view y) {
    const auto p = parse_double(x), q = parse_double(y);
    return p && q && *p == *q;
  });
}

bool equal_output(std::string_view got, std::string_view expected) {
  return std::ranges::equal(lines_of(got), lines_of(expected), [](std::string_view a, std::string_view b) {
    return a == b || equal_numbers(a, b);
  });
}

/// The value behind the last mark of the output.
bool equal_value(std::string_view output, std::string_view expected) {
  const auto mark = output.rfind(kValue);
  if (mark == std::string_view::npos) return false;
  const auto got = parse_json(trim(output.substr(mark + kValue.size())));
  const auto want = parse_json(expected);
  return got && want && *got == *want;
}

/// Why a test was not passed; empty when it was.
std::string fault(const Case& test, const ProgramEnd& end) {
  if (!end.limit.empty()) return fmt::format("the limit on {}", end.limit);
  if (end.exit_status != 0) return "an error of the program";
  const bool equal =
      test.functional ? equal_value(end.output, test.output) : equal_output(end.output, test.output);
  return equal ? "" : "another output";
}

class LiveCodeBench final : public Grader {
 public:
  Verdict grade(const Task& task, std::string_view response, const Help& help) const override {
    const auto code = code_of(response);
    if (trim(code).empty()) return no_answer(task, response, "program");
    if (help.runner == nullptr)
      return unscored("no sandbox: model-written code does not run on the bare machine");
    try {
      return run_all(task, code, read_problem(task.metadata), *help.runner);
    } catch (const std::exception& error) {
      return unscored(fmt::format("the tests cannot be read: {}", error.what()));
    }
  }

 private:
  /// All tests until one fails, as the official runner does.
  static Verdict run_all(const Task& task, std::string_view code, const Problem& problem,
                         CodeRunner& runner) {
    for (std::size_t i = 0; i < problem.tests.size(); ++i) {
      const auto& test = problem.tests[i];
      Program program;
      program.source = fmt::format("{}{}{}", kPreamble, code, test.functional ? call_of(problem) : "");
      program.input = test.input;
      program.wall = Seconds(problem.time_limit);
      const auto end = runner.run(program);
      if (!end.error.empty()) return unscored("the sandbox failed: " + end.error);
      if (const auto why = fault(test, end); !why.empty())
        return verdict(task, code, i, problem.tests.size(), fmt::format("test {}: {}", i + 1, why));
    }
    return verdict(task, code, problem.tests.size(), problem.tests.size(), {});
  }

  static Verdict verdict(const Task& task, std::string_view code, std::size_t passed, std::size_t total,
                         std::string reason) {
    auto out = decided(task, passed == total, std::string(code), std::move(reason));
    add_metadata(out, "tests_passed_before_a_fault", passed);
    add_metadata(out, "tests_total", total);
    return out;
  }
};

}  // namespace

std::unique_ptr<Grader> make_livecodebench() {
  return std::make_unique<LiveCodeBench>();
}

}  // namespace ipw::evaluation
