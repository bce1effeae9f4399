// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/terminal_log.h"

#include <gtest/gtest.h>

namespace ipw::harness {
namespace {

constexpr const char* kHeading =
    "=========================== short test summary info ============================\n";

TEST(TerminalLog, reads_the_summary_of_pytest) {
  const auto found =
      parse_terminal_log("pytest", std::string("PASSED before.py::no\n") + kHeading +
                                       "PASSED ../tests/test_outputs.py::test_file\n"
                                       "FAILED ../tests/test_outputs.py::test_sum[a - b] - assert 3 == 4\n"
                                       "SKIPPED [1] test_outputs.py:9: no network\n"
                                       "XFAIL t.py::test_later\n"
                                       "XPASS t.py::test_early\n"
                                       "ERROR t.py::test_setup - OSError\n"
                                       "========= 1 failed, 1 passed in 0.10s =========\n");
  ASSERT_TRUE(found) << found.error();
  const TestResults expected = {
      {"test_file", true},  {"test_sum[a - b]", false}, {"[1] test_outputs.py:9: no network", true},
      {"test_later", true}, {"test_early", false},      {"test_setup - OSError", false}};
  EXPECT_EQ(*found, expected);
}
TEST(TerminalLog, S12_no_test_at_all_is_an_error) {
  EXPECT_FALSE(parse_terminal_log("pytest", ""));
  EXPECT_FALSE(parse_terminal_log("pytest", "PASSED a.py::b\n"));
  EXPECT_FALSE(parse_terminal_log("pytest", std::string(kHeading) + "no tests ran\n"));
  EXPECT_FALSE(parse_terminal_log("pytest", "short test summary info\nPASSED a.py::b\n"));
  EXPECT_FALSE(parse_terminal_log("swebench", "SWEBench results starts here\nPASSED\n"));
  EXPECT_FALSE(parse_terminal_log("mlebench", "ALL TESTS PASSED"));
  EXPECT_FALSE(parse_terminal_log("swelancer", "hello"));
}
TEST(TerminalLog, does_not_mind_colours) {
  const auto found =
      parse_terminal_log("pytest",
                         "\x1b[36m===== short test summary info =====\x1b[0m\r\n\x1b[32mPASSED\x1b[0m "
                         "t.py::\x1b[1mtest_a\x1b[0m\r\n");
  ASSERT_TRUE(found) << found.error();
  EXPECT_EQ(*found, (TestResults{{"test_a", true}}));
}
TEST(TerminalLog, reads_what_stands_between_markers) {
  const auto block = [](const std::string& name, const std::string& word) {
    return name + " results starts here\n" + word + "\n" + name + " results ends here\n";
  };
  const TestResults good = {{"tests", true}}, bad = {{"tests", false}};
  EXPECT_EQ(parse_terminal_log("swebench", block("SWEBench", "PASSED")).value(), good);
  EXPECT_EQ(parse_terminal_log("swebench", block("SWEBench", "FAILED")).value(), bad);
  EXPECT_EQ(parse_terminal_log("sweperf", block("SWE-Perf", "PASSED")).value(), good);
  EXPECT_EQ(parse_terminal_log("mlebench", block("MLEBench", "ALL TESTS PASSED")).value(), good);
  EXPECT_EQ(parse_terminal_log("mlebench", block("MLEBench", "PASSED")).value(), bad);
}
TEST(TerminalLog, reads_the_words_of_swelancer) {
  EXPECT_TRUE(parse_terminal_log("swelancer", "SWE Lancer success").value().at("swelancer_task"));
  EXPECT_FALSE(parse_terminal_log("swelancer", "swe lancer failure: user_tool completed")
                   .value()
                   .at("swelancer_task"));
  EXPECT_TRUE(parse_terminal_log("swelancer", "user_tool has completed").value().at("swelancer_task"));
}
TEST(TerminalLog, says_which_parsers_there_are) {
  const auto found = parse_terminal_log("junit", "");
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().find("pytest"), std::string::npos);
}

}  // namespace
}  // namespace ipw::harness
