// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "ipw/base/error.h"
#include "ipw/base/subprocess.h"

namespace ipw {
namespace {

DialogRequest shell(const std::string& script) {
  DialogRequest request;
  request.argv = {"sh", "-c", script};
  return request;
}

/// Read until there is as much as wanted or an end of it.
std::string read_all(DialogProcess& process, std::size_t wanted = std::string::npos) {
  std::string text;
  while (text.size() < wanted && process.read(text, Seconds(10))) {
  }
  return text;
}

/// A zombie that nobody has waited for is dead.
bool is_alive(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  const std::string stat{std::istreambuf_iterator<char>(file), {}};
  return !stat.empty() && stat.find(") Z ") == std::string::npos;
}

TEST(Dialog, answers_each_line_as_it_comes) {
  DialogProcess process(shell("while read line; do echo \"got $line\"; done"));
  for (const std::string word : {"one", "two"}) {
    ASSERT_TRUE(process.write(word + "\n", Seconds(10)));
    EXPECT_EQ(read_all(process, word.size() + 5), "got " + word + "\n");
  }
  process.close_input();
  EXPECT_EQ(read_all(process), "");
  EXPECT_EQ(process.last_words(), "it ended with status 0");
}

TEST(Dialog, writes_more_than_a_pipe_holds_while_another_thread_reads) {
  DialogProcess process(shell("cat"));
  const std::string much(3'000'000, 'x');
  std::thread writer([&] { EXPECT_TRUE(process.write(much, Seconds(30))); });
  EXPECT_EQ(read_all(process, much.size()), much);
  writer.join();
}

TEST(Dialog, with_one_that_does_not_read_is_given_up) {
  DialogProcess process(shell("sleep 30"));
  EXPECT_FALSE(process.write(std::string(1'000'000, 'x'), Seconds(0.05)));
}

TEST(Dialog, with_one_that_has_ended_fails_without_a_signal) {
  DialogProcess process(shell("echo why >&2; exit 7"));
  EXPECT_EQ(read_all(process), "");
  EXPECT_EQ(process.last_words(), "why; it ended with status 7");
  EXPECT_FALSE(process.write("hello\n", Seconds(10)));
}

TEST(Dialog, ends_with_what_the_program_has_started) {
  DialogProcess process(shell("sleep 300 & echo $!; exit 0"));
  const auto pid = std::to_string(std::stol(read_all(process, 2)));
  EXPECT_EQ(process.last_words(), "it ended with status 0");
  for (int i = 0; i < 1000 && is_alive(pid); ++i) std::this_thread::sleep_for(Nanoseconds(1'000'000));
  EXPECT_FALSE(is_alive(pid));
}

TEST(Dialog, may_have_an_environment_that_holds_nothing_of_ours) {
  ::setenv("IPW_TEST_SECRET", "secret", 1);
  auto request = shell("echo \"$IPW_TEST_SECRET$IPW_TEST\"");
  request.environment = {"IPW_TEST=given"};
  DialogProcess with_ours(request);
  EXPECT_EQ(read_all(with_ours), "secretgiven\n");
  request.only_this_environment = true;
  DialogProcess bare(request);
  EXPECT_EQ(read_all(bare), "given\n");
  ::unsetenv("IPW_TEST_SECRET");
}

TEST(Dialog, needs_a_program) {
  DialogRequest request;
  request.argv = {"/nowhere/at/all"};
  EXPECT_THROW(DialogProcess{request}, Error);
}

}  // namespace
}  // namespace ipw
