// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ipw/harness/factories.h"
#include "unit/harness/scripted_engine.h"

namespace ipw::harness {
namespace {

using testing::Contains;
using testing::HasSubstr;

const std::string kHead(40, 'c');
const std::string kPatch = "diff --git a/m.py b/m.py\n--- a/m.py\n+++ b/m.py\n@@ -1 +1 @@\n-1\n+2\n";

std::string eval_log(const std::string& tests, int code = 0) {
  return "+ : '>>>>> Start Test Output'\n" + tests +
         "+ : '>>>>> End Test Output'\n>>>>> Test Exit Code: " + std::to_string(code) + "\n";
}

class SweTrialTest : public testing::Test {
 protected:
  SweTrialTest() { engine_->images = {"image:1"}; }
  datasets::Question question(Json more = Json::object()) const {
    Json metadata = {
        {"repo", "pallets/flask"},     {"version", "2.0"},
        {"base_commit", "b"},          {"image", "image:1"},
        {"image_name", "image:1"},     {"test_patch", "--- a/t.py\n+++ b/t.py\n@@ -1 +1 @@\n-1\n+2\n"},
        {"fail_to_pass", {"t.py::f"}}, {"pass_to_pass", {"t.py::p"}}};
    metadata.update(more);
    datasets::Question out;
    out.id = "pallets__flask-1";
    out.answer = kPatch;
    out.metadata = dump_json(metadata);
    return out;
  }
  /// The replies of git in the agent's container, then those that are given.
  void replies(std::vector<Reply> more, const std::string& names = "M\tm.py\n",
               const std::string& diff = kPatch) {
    more.push_back(reply("rev-parse", kHead + "\n"));
    more.push_back(reply("--name-status", names));
    more.push_back(reply("--binary", diff));
    engine_->replies = std::move(more);
  }
  evaluation::Verdict verdict(const std::string& answer = "", Json more = Json::object()) const {
    return make_swebench(images_of(engine_), IPW_SOURCE_DIR "/data")
        ->open(question(std::move(more)), {})
        ->verify(answer, {});
  }
  std::shared_ptr<ScriptedEngine> engine_ = std::make_shared<ScriptedEngine>();
};

TEST_F(SweTrialTest, S8_a_patch_that_makes_all_tests_pass_is_resolved) {
  replies({reply("/bin/bash /eval.sh", eval_log("PASSED t.py::f\nPASSED t.py::p\n"))});
  const auto v = verdict();
  EXPECT_EQ(v.correct, true) << v.reason;
  EXPECT_EQ(v.extracted, kPatch);
  EXPECT_EQ(Json::parse(v.metadata)["patch_source"], "workspace");
  EXPECT_EQ(std::ranges::count(engine_->log, "start image:1"), 2) << "the tests run in a fresh container";
  EXPECT_THAT(engine_->log,
              Contains(HasSubstr("diff --no-ext-diff --no-textconv --no-color --binary --cached " + kHead)));
  EXPECT_EQ(engine_->running, 0);
}
TEST_F(SweTrialTest, S8_a_failing_test_is_not_resolved) {
  replies({reply("/bin/bash /eval.sh", eval_log("FAILED t.py::f - no\nPASSED t.py::p\n", 1))});
  const auto v = verdict();
  EXPECT_EQ(v.correct, false);
  EXPECT_EQ(v.reason, "1 of 1 FAIL_TO_PASS and 0 of 1 PASS_TO_PASS failed");
}
TEST_F(SweTrialTest, S8_no_patch_is_not_resolved) {
  replies({}, "", "");
  EXPECT_EQ(verdict("I could not do it.").reason, "no patch");
  EXPECT_EQ(verdict().correct, false);
}
TEST_F(SweTrialTest, S9_a_patch_in_the_answer_is_taken_where_the_workspace_has_none) {
  replies({reply("/bin/bash /eval.sh", eval_log("PASSED t.py::f\nPASSED t.py::p\n"))}, "", "");
  const auto v = verdict("Here:\n```diff\n" + kPatch + "```\nBye.");
  EXPECT_EQ(v.correct, true);
  EXPECT_EQ(v.extracted, kPatch);
  EXPECT_EQ(Json::parse(v.metadata)["patch_source"], "answer");
}
TEST_F(SweTrialTest, S9_new_files_alone_are_a_patch_and_step_back_behind_an_answer_s) {
  replies({reply("/bin/bash /eval.sh", eval_log("PASSED t.py::f\nPASSED t.py::p\n"))}, "A\tnew.py\n", "new");
  EXPECT_EQ(verdict().extracted, "new");
  EXPECT_EQ(verdict(kPatch).extracted, kPatch);
}
TEST_F(SweTrialTest, a_patch_of_the_model_that_does_not_apply_is_not_resolved) {
  replies({reply("git apply --verbose", "error: patch failed", 1)}, "", "");
  EXPECT_EQ(verdict(kPatch).reason, "the patch does not apply");
  EXPECT_EQ(verdict(kPatch).correct, false);
}
TEST_F(SweTrialTest, S11_failures_of_the_harness_are_unscored) {
  replies({reply("git apply --verbose", "error", 1)});
  EXPECT_FALSE(verdict().correct) << "git's own diff must apply";
  replies({reply("/bin/bash /eval.sh", "bash: conda: command not found\n", 127)});
  EXPECT_FALSE(verdict().correct);
  replies({reply("/bin/bash /eval.sh", "+ set +x\n>>>>> Test Patch Failed\n", 1)});
  EXPECT_THAT(verdict().reason, HasSubstr("the benchmark's tests"));
  engine_->dies_after = 5;
  EXPECT_THAT(verdict().reason, HasSubstr("harness error"));
}
TEST_F(SweTrialTest, S11_a_repository_that_cannot_be_read_is_unscored_and_one_that_is_removed_is_no_patch) {
  for (const auto* words : {"--name-status", "--binary"}) {
    replies({reply(words, "", 128)});
    EXPECT_FALSE(verdict().correct.has_value()) << words;
    EXPECT_THAT(verdict().reason, HasSubstr("cannot be read")) << words;
  }
  replies({reply("--name-status", "", 128),
           reply("/bin/bash /eval.sh", eval_log("PASSED t.py::f\nPASSED t.py::p\n"))});
  EXPECT_EQ(verdict(kPatch).correct, true) << "the answer's patch serves";
  replies({reply("--name-status", "", 9)});
  EXPECT_EQ(verdict().correct, false);
  EXPECT_EQ(verdict().reason, "no patch");
}
TEST_F(SweTrialTest, tests_that_take_too_long_are_not_resolved) {
  replies({{"/bin/bash /eval.sh", {{}, "", {}, "wall", {}}}});
  EXPECT_EQ(verdict().correct, false);
}
TEST_F(SweTrialTest, S11_what_is_missing_is_said_before_the_agent_starts) {
  replies({});
  EXPECT_THROW(verdict("", {{"image", "none:1"}}), Error);
  EXPECT_THROW(verdict("", {{"version", "99"}}), Error);
  EXPECT_THROW(verdict("", {{"fail_to_pass", Json::array()}, {"pass_to_pass", Json::array()}}), Error);
  EXPECT_THROW(verdict("", {{"log_parser", "parse_log_jest"}}), Error);
  replies({reply("rev-parse", "fatal: not a git repository", 128)});
  EXPECT_THROW(verdict(), Error);
  EXPECT_EQ(engine_->running, 0);
}
TEST_F(SweTrialTest, the_image_has_the_official_name) {
  replies({});
  engine_->log.clear();
  EXPECT_THROW(verdict("", {{"image", ""}}), Error);
  EXPECT_THAT(engine_->log, Contains("pull swebench/sweb.eval.x86_64.pallets_1776_flask-1:latest"));
}
TEST_F(SweTrialTest, the_data_s_own_script_and_command_come_before_the_recipes) {
  replies({reply("/bin/bash /eval.sh", eval_log("PASSED t.py::f\nPASSED t.py::p\n"))});
  EXPECT_EQ(verdict("", {{"version", "99"},
                         {"eval_script", "run me\n: '>>>>> End Test Output'\n"},
                         {"log_parser", "parse_log_pytest"}})
                .correct,
            true);
  EXPECT_THAT(engine_->log, Contains(HasSubstr("run me\nIPW_TESTS=$?")));
  EXPECT_EQ(verdict("", {{"version", "99"}, {"test_cmd", "make check"}}).correct, true);
  EXPECT_THAT(engine_->log, Contains(HasSubstr("\nmake check\nIPW_TESTS=$?")));
}

class SpeedTrialTest : public SweTrialTest {
 protected:
  static std::string timed(double mean, double deviation = 0.001) {
    return "PERF_START:\nMean: " + std::to_string(mean) + "\nStd Dev: " + std::to_string(deviation) +
           "\nPERF_END:\n";
  }
  evaluation::Verdict speed(const std::string& answer = "", Json more = Json::object()) const {
    Json metadata = {{"repo", "numpy/numpy"},
                     {"workload", "import timeit"},
                     {"test_cmd", "pytest -rA"},
                     {"covering_tests", {"a/test_a.py"}},
                     {"pass_to_pass", {"a/test_a.py::t"}}};
    metadata.update(more);
    return make_swefficiency(images_of(engine_))->open(question(std::move(metadata)), {})->verify(answer, {});
  }
  static Reply tests(const std::string& line) {
    return reply("/bin/bash /correctness.sh",
                 ">>>>> Test File: a/test_a.py\n" + line + "\n>>>>> End Test Output\n");
  }
};

TEST_F(SpeedTrialTest, S10_the_ratio_is_the_model_s_speedup_over_the_expert_s) {
  // Every measurement takes the same time here: both speed-ups are 1.
  replies({reply("/bin/bash /perf.sh", timed(2)), tests("PASSED a/test_a.py::t")});
  const auto v = speed();
  const auto m = Json::parse(v.metadata);
  EXPECT_EQ(m["speedup_ratio"], 1.0);
  EXPECT_EQ(v.score, 1.0);
  EXPECT_EQ(m["correctness"], true);
  EXPECT_EQ(v.correct, false) << "it has not become faster";
  EXPECT_EQ(std::ranges::count(engine_->log, "start image:1"), 3)
      << "agent, expert and model have a container each";
}
TEST_F(SpeedTrialTest, S10_a_broken_test_counts_as_no_speedup) {
  replies({reply("/bin/bash /perf.sh", timed(2)), tests("FAILED a/test_a.py::t - x")});
  const auto v = speed();
  EXPECT_EQ(v.correct, false);
  EXPECT_EQ(v.reason, "1 of 1 PASS_TO_PASS failed");
  EXPECT_EQ(Json::parse(v.metadata)["speedup"], 1.0);
}
TEST_F(SpeedTrialTest, S10_no_patch_still_has_a_ratio) {
  replies({reply("/bin/bash /perf.sh", timed(2))}, "", "");
  const auto v = speed();
  EXPECT_EQ(v.correct, false);
  EXPECT_EQ(Json::parse(v.metadata)["speedup_ratio"], 1.0);
}
TEST_F(SpeedTrialTest, S11_a_workload_that_does_not_run_without_the_patch_is_unscored) {
  replies({reply("/bin/bash /perf.sh", "Traceback", 1)});
  EXPECT_THAT(speed().reason, HasSubstr("harness error: before any change"));
}
TEST_F(SpeedTrialTest, a_patch_that_looks_at_its_callers_counts_as_no_speedup) {
  replies({reply("/bin/bash /perf.sh", timed(2)), tests("PASSED a/test_a.py::t")}, "M\tm.py\n",
          "--- a/m.py\n+++ b/m.py\n@@ -1 +1 @@\n-1\n+import inspect\n");
  EXPECT_THAT(speed().reason, HasSubstr("callers"));
}
TEST_F(SpeedTrialTest, S11_what_is_missing_is_said_before_the_agent_starts) {
  replies({});
  for (const auto* key : {"workload", "test_cmd", "base_commit"})
    EXPECT_THROW(speed("", {{key, ""}}), Error) << key;
  EXPECT_THROW(speed("", {{"covering_tests", Json::array()}}), Error);
  EXPECT_THROW(speed("", {{"repo", "someone/else"}}), Error);
}

}  // namespace
}  // namespace ipw::harness
