// SPDX-License-Identifier: Apache-2.0
#include "ipw/harness/speedup.h"

#include <gtest/gtest.h>

namespace ipw::harness {
namespace {

TEST(Speedup, reads_the_figures_of_a_workload) {
  const auto r = runtime_of("+ python x\nPERF_START:\nMean: 0.25\nStd Dev: 0.01\nPERF_END:\n");
  ASSERT_TRUE(r);
  EXPECT_EQ(r->mean, 0.25);
  EXPECT_EQ(r->deviation, 0.01);
  for (const auto* bad : {"", "Mean: 1\n", "Mean: 0\nStd Dev: 0\n", "Mean: nan\nStd Dev: 0\n",
                          "+ Mean: 1\n+ Std Dev: 1\n", "Mean: 1\nStd Dev: -1\n"})
    EXPECT_FALSE(runtime_of(bad)) << bad;
}
TEST(Speedup, is_the_time_before_over_the_time_after) {
  EXPECT_DOUBLE_EQ((Speedup{{3, 0}, {2, 0}}.ratio()), 1.5);
  EXPECT_DOUBLE_EQ((Speedup{{2, 0}, {4, 0}}.ratio()), 0.5);
}
TEST(Speedup, below_the_noise_is_none) {
  EXPECT_TRUE((Speedup{{1.0, 0.03}, {0.9, 0.04}}.is_faster()));
  EXPECT_FALSE((Speedup{{1.0, 0.03}, {0.96, 0.04}}.is_faster()));
  EXPECT_FALSE((Speedup{{1.0, 0}, {1.0, 0}}.is_faster()));
  EXPECT_FALSE((Speedup{{1.0, 0}, {1.1, 0}}.is_faster()));
}
TEST(Speedup, S10_counts_a_test_as_kept_only_when_it_passed) {
  const TestStatuses statuses = {{"a", "PASSED"}, {"b", "FAILED"}, {"c", "XFAIL"}, {"d", "XPASS"}};
  EXPECT_EQ(not_passed({"a", "b", "c", "d", "e"}, statuses), (std::vector<std::string>{"b", "c", "e"}));
}
TEST(Speedup, reads_the_log_of_each_file_of_tests_by_itself) {
  const auto parser = swefficiency_parser("numpy/numpy");
  ASSERT_NE(parser, nullptr);
  const auto found = statuses_by_file(
      ">>>>> Test File: a.py\nPASSED a.py::one[1]\nPASSED a.py::two[1]\nPASSED a.py::two[2]\n>>>>> Test "
      "File: b.py\nFAILED b.py::three - no\n",
      parser);
  EXPECT_EQ(found, (TestStatuses{{"a.py::one", "PASSED"}, {"b.py::three", "FAILED"}}));
}
TEST(Speedup, knows_the_logs_of_the_benchmark_s_repositories) {
  for (const auto* name :
       {"astropy/astropy", "dask/dask", "matplotlib/matplotlib", "numpy/numpy", "pandas-dev/pandas",
        "pydata/xarray", "scikit-learn/scikit-learn", "scipy/scipy", "sympy/sympy"})
    EXPECT_NE(swefficiency_parser(name), nullptr) << name;
  EXPECT_EQ(swefficiency_parser("someone/else"), nullptr);
}
TEST(Speedup, keeps_spaces_inside_the_brackets_of_a_test) {
  const auto found =
      swefficiency_parser("dask/dask")("PASSED d.py::t[a b] and more\nFAILED d.py::u - E - x\n");
  EXPECT_EQ(found, (TestStatuses{{"d.py::t[a b]", "PASSED"}, {"d.py::u", "FAILED"}}));
}
TEST(Speedup, reads_sympy_by_its_own_runner_and_by_pytest) {
  const auto parser = swefficiency_parser("sympy/sympy");
  EXPECT_EQ(parser("test_a ok\ntest_b F\ntest_c ok [OK]\n"),
            (TestStatuses{{"test_a", "PASSED"}, {"test_b", "FAILED"}, {"test_c", "PASSED"}}));
  EXPECT_EQ(parser("== pytest ==\nsympy/x.py::test_a PASSED [ 3%]\n"),
            (TestStatuses{{"sympy/x.py::test_a", "PASSED"}}));
}

}  // namespace
}  // namespace ipw::harness
