// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/subprocess.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <filesystem>
#include <thread>

#include "ipw/base/error.h"

namespace ipw {
namespace {

TEST(Process, keeps_both_streams_and_the_status) {
  const auto result = run_process({"sh", "-c", "echo out; echo err >&2; exit 3"}, Seconds(10));
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
  EXPECT_EQ(result.exit_status, 3);
}

TEST(Process, is_killed_with_its_children_at_the_limit) {
  const auto result = run_process({"sh", "-c", "sleep 60 & wait"}, Seconds(0.2));
  EXPECT_TRUE(result.timed_out);
}

TEST(Process, that_closes_its_streams_is_killed_at_the_limit_all_the_same) {
  const auto begun = std::chrono::steady_clock::now();
  const auto result = run_process({"sh", "-c", "exec sleep 60 >/dev/null 2>&1"}, Seconds(0.2));
  EXPECT_TRUE(result.timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
}

TEST(Process, does_not_wait_for_what_it_left_in_the_background_if_asked_not_to) {
  ProcessRequest request;
  request.argv = {"sh", "-c", "sleep 60 & echo $!; exit 4"};
  request.timeout = Seconds(30);
  request.linger = Seconds(0.1);
  const auto result = run_process(request);
  EXPECT_EQ(result.exit_status, 4);
  EXPECT_FALSE(result.timed_out);
  const int left = std::stoi(result.out);
  EXPECT_EQ(::kill(left, SIGKILL), 0);
}

TEST(Process, has_no_file_of_a_program_that_runs_beside_it) {
  std::string name = "/tmp/ipw-process-XXXXXX";
  const std::string folder = ::mkdtemp(name.data());
  ProcessRequest request;
  request.timeout = Seconds(60);
  request.argv = {"sh", "-c",
                  "touch " + folder + "/begun; until [ -e " + folder + "/end ]; do sleep 0.01; done"};
  request.input = "a secret of another task";
  std::thread beside([&] { run_process(request); });
  while (!std::filesystem::exists(folder + "/begun")) std::this_thread::yield();
  const auto files = run_process({"ls", "-l", "/proc/self/fd"}, Seconds(10)).out;
  run_process({"touch", folder + "/end"}, Seconds(10));
  beside.join();
  std::filesystem::remove_all(folder);
  const auto own = files.find("deleted");  // its standard input
  EXPECT_EQ(files.find("deleted", own + 1), std::string::npos) << files;
}

TEST(Process, may_have_nothing_of_our_environment) {
  ProcessRequest request;
  request.argv = {"/usr/bin/env"};
  request.timeout = Seconds(30);
  request.environment = {"ONE=1"};
  request.only_this_environment = true;
  EXPECT_EQ(run_process(request).out, "ONE=1\n");
}

TEST(Process, gets_its_input_and_may_report_apart) {
  ProcessRequest request;
  request.argv = {"sh", "-c", "cat; echo apart >&3"};
  request.timeout = Seconds(10);
  request.input = std::string(1 << 20, 'x');  // more than a pipe holds
  request.report = true;
  const auto result = run_process(request);
  EXPECT_EQ(result.out, request.input);
  EXPECT_EQ(result.report, "apart\n");
}

TEST(Process, starts_in_a_folder_with_an_environment_of_its_own) {
  ProcessRequest request;
  request.argv = {"sh", "-c", "pwd; echo $IPW_TEST $HOME"};
  request.timeout = Seconds(10);
  request.folder = "/usr";
  request.environment = {"IPW_TEST=one", "HOME=/nowhere"};
  EXPECT_EQ(run_process(request).out, "/usr\none /nowhere\n");
  EXPECT_EQ(::getenv("IPW_TEST"), nullptr);
}
TEST(Process, ends_when_it_is_asked_to) {
  std::stop_source stop;
  stop.request_stop();
  ProcessRequest request;
  request.argv = {"sleep", "30"};
  request.timeout = Seconds(30);
  request.stop = stop.get_token();
  EXPECT_TRUE(run_process(request).stopped);
}
TEST(Process, that_prints_too_much_is_killed) {
  ProcessRequest request;
  request.argv = {"sh", "-c", "yes"};
  request.timeout = Seconds(60);
  request.most_output = 100'000;
  const auto result = run_process(request);
  EXPECT_TRUE(result.flooded);
  EXPECT_FALSE(result.timed_out);
  EXPECT_EQ(result.out.size(), 100'000U);
}

TEST(Process, that_does_not_exist_is_an_error) {
  EXPECT_THROW(run_process({"no-such-program"}, Seconds(1)), Error);
}

TEST(PipedProcess, is_read_as_its_output_comes) {
  PipedProcess process({"sh", "-c", "printf one; read line; printf two"});
  std::string text;
  bool alive = true;
  for (int i = 0; i < 100 && alive; ++i) {
    process.wait(Seconds(0.1));
    alive = process.read(text);
  }
  EXPECT_FALSE(alive);
  EXPECT_EQ(text, "onetwo");
  EXPECT_EQ(process.last_words(), "it ended with status 0");
}

TEST(PipedProcess, tells_its_last_words) {
  PipedProcess process({"sh", "-c", "echo no right to do this >&2; exit 7"});
  std::string text;
  process.wait(Seconds(10));
  EXPECT_FALSE(process.read(text));
  EXPECT_EQ(process.last_words(), "no right to do this; it ended with status 7");
}

TEST(Process, in_the_foreground_has_its_status_or_128_and_its_signal) {
  ForegroundProcess five({"sh", "-c", "exit 5"});
  five.await_end();
  EXPECT_EQ(five.reap(), 5);
  ForegroundProcess killed({"sh", "-c", "kill -9 $$"});
  killed.await_end();
  EXPECT_EQ(killed.reap(), 137);
}

TEST(Process, that_may_not_be_run_is_another_error_than_one_that_is_not_there) {
  const auto code = [](const char* program) {
    try {
      ForegroundProcess process({program});
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::Internal;
  };
  EXPECT_EQ(code("no-such-program"), ErrorCode::NotFound);
  EXPECT_EQ(code("/"), ErrorCode::Permission);
}

}  // namespace
}  // namespace ipw
