// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/swe_log.h"

#include <gtest/gtest.h>

namespace ipw::harness {
namespace {

TestStatuses parse(const char* name, const std::string& log) {
  const auto parser = swebench_parser(name);
  EXPECT_NE(parser, nullptr) << name;
  return parser == nullptr ? TestStatuses() : parser(log);
}

TEST(SweLog, S8_pytest) {
  EXPECT_EQ(parse("parse_log_pytest",
                  "PASSED a.py::t1\nFAILED a.py::t2 - AssertionError: no\nERROR a.py::t3 - OSError\n"
                  "SKIPPED [2] a.py:3: slow\nSKIPPED a.py::t4\nXFAIL a.py::t5\nPASSED\n PASSED a.py::t6\n"),
            (TestStatuses{{"a.py::t1", "PASSED"},
                          {"a.py::t2", "FAILED"},
                          {"a.py::t3", "ERROR"},
                          {"a.py::t4", "SKIPPED"},
                          {"a.py::t5", "XFAIL"}}));
}
TEST(SweLog, S8_pytest_with_options_that_are_paths) {
  EXPECT_EQ(parse("psf/requests",
                  "PASSED t.py::a[/tmp/x/y]\nPASSED t.py::b[//host/x]\nFAILED t.py::c[/a/*] - x\nPASSED "
                  "t.py::d[1-2]\n"),
            (TestStatuses{{"t.py::a[/y]", "PASSED"},
                          {"t.py::b[//host/x]", "PASSED"},
                          {"t.py::c[/a/*]", "FAILED"},
                          {"t.py::d[1-2]", "PASSED"}}));
}
TEST(SweLog, S8_pytest_of_later_and_older_versions) {
  EXPECT_EQ(parse("sphinx-doc/sphinx",
                  "\x1b[32mPASSED\x1b[0m t.py::\x1b[1ma\x1b[0m\nFAILED t.py::b[x y] - E - more\nt.py::old "
                  "PASSED\nt.py::p[a b] FAILED\nPASSED\n"),
            (TestStatuses{{"t.py::a", "PASSED"},
                          {"t.py::b[x y]", "FAILED"},
                          {"t.py::old", "PASSED"},
                          {"t.py::p[a b]", "FAILED"}}));
}
TEST(SweLog, S8_django) {
  const auto found =
      parse("django/django",
            "test_a (app.tests.T) ... ok\n"
            "test_b (app.tests.T) ... FAIL\n"
            "test_c (app.tests.T) ... ERROR\n"
            "test_d (app.tests.T) ... skipped 'no database'\n"
            "test_e (app.tests.T) ... Testing against Django installed in '/testbed/django' (silenced).\nok\n"
            "test_f (app.tests.T) ... some output\nok\n"
            "FAIL: test_g (app.tests.T)\n"
            "ERROR: test_h (app.tests.T)\n"
            "--version is equivalent to version ... ok\n");
  EXPECT_EQ(found.at("test_a (app.tests.T)"), "PASSED");
  EXPECT_EQ(found.at("test_b (app.tests.T)"), "FAILED");
  EXPECT_EQ(found.at("test_c (app.tests.T)"), "ERROR");
  EXPECT_EQ(found.at("test_d (app.tests.T)"), "SKIPPED");
  EXPECT_EQ(found.at("test_e (app.tests.T)"), "PASSED");
  EXPECT_EQ(found.at("test_f (app.tests.T)"), "PASSED");
  EXPECT_EQ(found.at("test_g"), "FAILED");
  EXPECT_EQ(found.at("test_h"), "ERROR");
  EXPECT_EQ(found.at("--version is equivalent to version"), "PASSED");
}
TEST(SweLog, S8_sympy) {
  EXPECT_EQ(parse("sympy/sympy",
                  "sympy/core/tests/test_x.py[3] \ntest_one ok\ntest_two F\ntest_three E\ntest_four f\n"
                  "________ sympy/core/tests/test_x.py:test_two ________\n"),
            (TestStatuses{{"test_one", "PASSED"},
                          {"test_two", "FAILED"},
                          {"test_three", "ERROR"},
                          {"sympy/core/tests/test_x.py:test_two", "FAILED"}}));
}
TEST(SweLog, S8_seaborn_and_matplotlib) {
  EXPECT_EQ(
      parse("mwaskom/seaborn", "t.py::a PASSED [ 1%]\nPASSED t.py::b\nFAILED t.py::c - x\nSKIPPED t.py::d\n"),
      (TestStatuses{{"t.py::a", "PASSED"}, {"t.py::b", "PASSED"}, {"t.py::c", "FAILED"}}));
  EXPECT_EQ(parse("matplotlib/matplotlib",
                  "PASSED t.py::press[MouseButton.LEFT]\nPASSED t.py::press[MouseButton.RIGHT]\n"),
            (TestStatuses{{"t.py::press[1]", "PASSED"}, {"t.py::press[3]", "PASSED"}}));
}

std::string framed(const std::string& inside, int code = 0) {
  return "+ : '>>>>> Start Test Output'\n" + inside +
         "+ : '>>>>> End Test Output'\n>>>>> Test Exit Code: " + std::to_string(code) + "\n";
}
SweLog read(const std::string& log) {
  return read_swe_log(log, swebench_parser("parse_log_pytest"));
}

TEST(SweLog, is_read_between_the_markers) {
  const auto log = read("PASSED a.py::before\n" + framed("PASSED a.py::t\n") + "FAILED a.py::after\n");
  EXPECT_EQ(log.tests, (TestStatuses{{"a.py::t", "PASSED"}}));
  EXPECT_TRUE(log.invalid.empty() && log.unfinished.empty());
}
TEST(SweLog, is_read_whole_where_the_markers_hold_nothing) {
  EXPECT_EQ(read("PASSED a.py::t\n" + framed("")).tests.size(), 1U);
}
TEST(SweLog, S11_without_markers_is_the_harness_s_failure) {
  EXPECT_FALSE(read("").unfinished.empty());
  EXPECT_FALSE(read("+ : '>>>>> Start Test Output'\nPASSED a.py::t\n").unfinished.empty());
  EXPECT_FALSE(read(framed("Temporary failure in name resolution\n", 1)).unfinished.empty());
}
TEST(SweLog, without_any_test_is_not_resolved) {
  const auto log = read(framed("SyntaxError\n", 2));
  EXPECT_TRUE(log.unfinished.empty());
  EXPECT_EQ(log.invalid, "no test ran");
}
TEST(SweLog, that_hides_a_failure_is_not_believed) {
  EXPECT_FALSE(read(framed("PASSED a.py::t\n", 1)).invalid.empty());
  EXPECT_TRUE(read(framed("PASSED a.py::t\n", 1)).tests.empty());
  EXPECT_TRUE(read(framed("PASSED a.py::t\nFAILED a.py::u - x\n", 1)).invalid.empty());
}
TEST(SweLog, with_a_bad_mark_is_not_resolved) {
  EXPECT_FALSE(read(framed("PASSED a.py::t\n") + ">>>>> Tests Timed Out\n").invalid.empty());
}

TEST(SweGrade, S8_needs_every_test) {
  const SweTests tests = {{"f"}, {"p", "q"}};
  EXPECT_TRUE(grade_swe(tests, {{"f", "PASSED"}, {"p", "XFAIL"}, {"q", "SKIPPED"}}).resolved());
  EXPECT_EQ(grade_swe(tests, {{"f", "SKIPPED"}, {"p", "PASSED"}, {"q", "PASSED"}}).fail_to_pass_failed,
            std::vector<std::string>{"f"});
  EXPECT_EQ(grade_swe(tests, {{"f", "PASSED"}, {"p", "ERROR"}}).pass_to_pass_failed,
            (std::vector<std::string>{"p", "q"}));
  EXPECT_FALSE(grade_swe(tests, {}).resolved());
}
TEST(SweGrade, ids_that_were_cut_match_by_their_beginning_when_all_agree) {
  const SweTests tests = {{"t.py::a[log(photon"}, {}};
  EXPECT_TRUE(grade_swe(tests, {{"t.py::a[log(photon cm]", "PASSED"}, {"t.py::a[log(photon s]", "XFAIL"}})
                  .resolved());
  EXPECT_FALSE(grade_swe(tests, {{"t.py::a[log(photon cm]", "PASSED"}, {"t.py::a[log(photon s]", "FAILED"}})
                   .resolved());
  EXPECT_FALSE(grade_swe({{"t.py::a"}, {}}, {{"t.py::a[1]", "PASSED"}}).resolved());
}
TEST(SweGrade, fail_only_counts_what_is_not_named_as_passed) {
  EXPECT_TRUE(grade_swe({{"f"}, {"p"}, true}, {}).resolved());
  EXPECT_FALSE(grade_swe({{"f"}, {"p"}, true}, {{"p", "FAILED"}}).resolved());
}

}  // namespace
}  // namespace ipw::harness
