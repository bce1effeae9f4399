// SPDX-License-Identifier: Apache-2.0
// The rules that run programs, with a runner that says what it is told; tests/system/sandbox runs real ones.
#include <gtest/gtest.h>

#include <functional>

#include "ipw/evaluation/code_graders.h"
#include "ipw/evaluation/code_text.h"

namespace ipw::evaluation {
namespace {

class Scripted final : public CodeRunner {
 public:
  explicit Scripted(std::function<ProgramEnd(const Program&)> run) : run_(std::move(run)) {}
  ProgramEnd run(const Program& program) override {
    programs.push_back(program);
    return run_(program);
  }
  std::vector<Program> programs;

 private:
  std::function<ProgramEnd(const Program&)> run_;
};

constexpr std::string_view kHumanEval =
    R"({"prompt":"from typing import List\n\ndef one():\n    \"\"\"1\"\"\"\n","test":"def check(f):\n    assert f() == 1",)"
    R"("entry_point":"one"})";
constexpr std::string_view kStdin =
    R"({"tests":[{"input":"1\n","output":"2\n"},{"input":"2\n","output":"3.0 4\n"}],"time_limit":2})";
constexpr std::string_view kFunctional =
    R"({"func_name":"twice","tests":[{"input":"[1, 2]\n3","output":"[2, 4]","testtype":"functional"}]})";

Verdict grade(std::unique_ptr<Grader> grader, std::string_view metadata, std::string_view response,
              CodeRunner* runner) {
  Task task;
  task.metadata = metadata;
  return grader->grade(task, response, {nullptr, runner});
}

ProgramEnd prints(std::string output) {
  return {0, std::move(output), {}, {}, {}};
}

/// Prints what the last print of the program prints.
ProgramEnd last_print(const Program& program) {
  const auto at = program.source.rfind("print('") + 7;
  return prints(program.source.substr(at, program.source.rfind("')") - at) + "\n");
}

TEST(FencedBlocks, are_all_found_also_one_without_an_end) {
  EXPECT_EQ(fenced_blocks("a\n```python\nx = 1\n```\nb\n~~~\ny\n```\n~~~\n"),
            (std::vector<std::string_view>{"x = 1\n", "y\n```\n"}));
  EXPECT_EQ(fenced_blocks("```py\nx"), (std::vector<std::string_view>{"x"}));
  EXPECT_EQ(fenced_blocks("```"), (std::vector<std::string_view>{""}));
  EXPECT_TRUE(fenced_blocks("none").empty());
}

TEST(HumanEval, takes_a_continuation_or_a_whole_function) {
  Scripted runner(last_print);
  EXPECT_EQ(grade(make_humaneval(), kHumanEval, "    return 1\n", &runner).correct, true);
  EXPECT_TRUE(
      runner.programs[0].source.starts_with("__name__ = 'humaneval'\nfrom typing import List\n\ndef one():\n "
                                            "   \"\"\"1\"\"\"\n    return 1\n\ndef check"));
  EXPECT_EQ(grade(make_humaneval(), kHumanEval,
                  "<think>```x```</think>So:\n```python\ndef one():\n    return 1\n```", &runner)
                .correct,
            true);
  EXPECT_NE(runner.programs[1].source.find("\"\"\"1\"\"\"\n\ndef one():\n    return 1\n"), std::string::npos);
}

TEST(HumanEval, a_program_that_ends_itself_early_is_no_pass) {
  Scripted runner([](const Program&) { return prints(""); });
  const auto verdict = grade(make_humaneval(), kHumanEval, "    raise SystemExit(0)", &runner);
  EXPECT_EQ(verdict.correct, false);
  EXPECT_EQ(verdict.reason, "it ended before the end of the check");
}

TEST(HumanEval, tells_errors_limits_and_a_broken_sandbox_apart) {
  Scripted error([](const Program&) { return ProgramEnd{1, "", "Traceback\nAssertionError\n", "", ""}; });
  EXPECT_EQ(grade(make_humaneval(), kHumanEval, "    return 2", &error).reason, "AssertionError");
  Scripted slow([](const Program&) { return ProgramEnd{{}, "", "", "wall", ""}; });
  const auto late = grade(make_humaneval(), kHumanEval, "    while True: pass", &slow);
  EXPECT_EQ(late.correct, false);
  EXPECT_EQ(late.reason, "ended by the limit on wall");
  Scripted broken([](const Program&) { return ProgramEnd{{}, "", "", "", "no namespaces"}; });
  EXPECT_EQ(grade(make_humaneval(), kHumanEval, "    return 1", &broken).correct, std::nullopt);
}

TEST(CodeGraders, Z3_refuse_to_run_code_without_a_sandbox) {
  for (const auto& row : graders()) {
    if (row.needs != Needs::Sandbox) continue;
    Task task;
    task.metadata = kHumanEval;
    const auto verdict = row.make()->grade(task, "```python\nx = 1\n```", {});
    EXPECT_EQ(verdict.correct, std::nullopt) << row.name;
    EXPECT_NE(verdict.reason.find("no sandbox"), std::string::npos) << row.name;
  }
}

TEST(CodeGraders, an_answer_without_a_program_is_wrong_and_runs_nothing) {
  EXPECT_EQ(grade(make_humaneval(), kHumanEval, " \n", nullptr).correct, false);
  EXPECT_EQ(grade(make_livecodebench(), kStdin, "I cannot.", nullptr).correct, false);
}

TEST(LiveCodeBench, compares_line_by_line_then_number_by_number) {
  Scripted runner([](const Program& p) { return prints(p.input == "1\n" ? "  2 \n\n" : "3 4.000"); });
  EXPECT_EQ(grade(make_livecodebench(), kStdin, "```\nprint(1)\n```", &runner).correct, true);
  EXPECT_EQ(runner.programs.size(), 2U);
  EXPECT_EQ(runner.programs[0].wall, Seconds(2));
}

TEST(LiveCodeBench, S6_a_solution_of_only_the_first_tests_is_wrong) {
  Scripted runner([](const Program& p) { return prints(p.input == "1\n" ? "2" : "4"); });
  const auto verdict = grade(make_livecodebench(), kStdin, "```\nx\n```", &runner);
  EXPECT_EQ(verdict.correct, false);
  EXPECT_EQ(verdict.reason, "test 2: another output");
  EXPECT_EQ(verdict.metadata, R"({"class":"parsed","tests_passed_before_a_fault":1,"tests_total":2})");
}

TEST(LiveCodeBench, S7_a_functional_test_calls_the_function) {
  Scripted runner([](const Program&) { return prints("noise\nipw-value [2, 4]\n"); });
  EXPECT_EQ(grade(make_livecodebench(), kFunctional, "```\nclass Solution: pass\n```", &runner).correct,
            true);
  EXPECT_NE(runner.programs[0].source.find("getattr(Solution(), 'twice')"), std::string::npos);
  Scripted wrong([](const Program&) { return prints("[2, 4]"); });
  EXPECT_EQ(grade(make_livecodebench(), kFunctional, "```\nx\n```", &wrong).correct, false);
}

TEST(LiveCodeBench, takes_the_last_block_of_the_answer) {
  Scripted runner([](const Program&) { return prints("2"); });
  grade(make_livecodebench(), kStdin, "```\nfirst\n```\nbetter:\n```python\nsecond\n```", &runner);
  EXPECT_NE(runner.programs.at(0).source.find("\nsecond\n"), std::string::npos);
  EXPECT_EQ(runner.programs.at(0).source.find("\nfirst\n"), std::string::npos);
}

TEST(LiveCodeBench, metadata_without_tests_leaves_the_answer_unscored) {
  Scripted runner(last_print);
  for (const auto* metadata : {"", "[]", "{}", R"({"tests":[]})", R"({"tests":[{"input":1,"output":""}]})"})
    EXPECT_EQ(grade(make_livecodebench(), metadata, "```\nx\n```", &runner).correct, std::nullopt)
        << metadata;
}

}  // namespace
}  // namespace ipw::evaluation
