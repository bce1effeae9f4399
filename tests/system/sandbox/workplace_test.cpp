// SPDX-License-Identifier: Apache-2.0
// Hostile commands in every place of the registry. tests/system/containers.py starts the container engine.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/subprocess.h"
#include "ipw/sandbox/workplaces.h"

namespace ipw::sandbox {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

class EveryPlace : public testing::TestWithParam<std::string> {
 protected:
  EveryPlace() {
    auto name = (fs::temp_directory_path() / "ipw-place-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    fs::permissions(root_, fs::perms(0700));  // as a home folder: nobody else gets through
    options_.folder = root_ / "work";
    options_.limits.processes = 64;
    options_.limits.memory_bytes = std::uint64_t{512} << 20;
    options_.limits.disk_bytes = std::uint64_t{8} << 20;
    const char* image = std::getenv("IPW_TEST_IMAGE");
    options_.image = image == nullptr ? "" : image;
  }
  ~EveryPlace() override {
    place_.reset();
    std::error_code failed;
    fs::remove_all(root_, failed);
    EXPECT_FALSE(failed) << failed.message();
  }
  void SetUp() override { place_ = open(options_); }

  static std::unique_ptr<Workplace> open(const PlaceOptions& options) {
    return require("sandbox", workplaces(), GetParam()).make(options);
  }
  static Command shell(const std::string& script, Seconds wall = Seconds(60)) {
    Command command;
    command.argv = {"sh", "-c", script};
    command.wall = wall;
    return command;
  }
  CommandEnd run(const std::string& script, Seconds wall = Seconds(60)) const {
    return place_->run(shell(script, wall));
  }
  static bool is_sandbox() { return GetParam() != "none"; }
  /// How many processes of this machine have the word in their command line.
  static int processes_with(const std::string& word) {
    return std::atoi(run_process({"pgrep", "-c", "-f", word}, Seconds(10)).out.c_str());
  }

  fs::path root_;
  PlaceOptions options_;
  std::unique_ptr<Workplace> place_;
};

TEST_P(EveryPlace, runs_a_command_with_input_and_environment) {
  auto command = shell("cat; echo $GREETING; pwd; echo bad >&2; exit 3");
  command.input = "given\n";
  command.environment = {{"GREETING", "hello you"}};
  const auto end = place_->run(command);
  EXPECT_EQ(end.error, "");
  EXPECT_EQ(end.output, "given\nhello you\n" + place_->folder() + "\n");
  EXPECT_EQ(end.errors, "bad\n");
  EXPECT_EQ(end.exit_status, 3);
}

TEST_P(EveryPlace, starts_where_it_is_told) {
  EXPECT_EQ(run("mkdir sub").exit_status, 0);
  auto command = shell("pwd");
  command.folder = place_->folder() + "/sub";
  EXPECT_EQ(place_->run(command).output, place_->folder() + "/sub\n");
}

TEST_P(EveryPlace, files_and_background_processes_stay_between_commands) {
  const auto begun = steady_clock::now();
  const auto end =
      run("echo kept >file; echo also >/tmp/ipw-$$ && rm /tmp/ipw-$$; sleep 3125 & echo $! >pid");
  EXPECT_EQ(end.exit_status, 0) << end.errors;
  EXPECT_LT(steady_clock::now() - begun, std::chrono::seconds(15));
  EXPECT_EQ(run("cat file; kill -0 $(cat pid) && echo alive").output, "kept\nalive\n");
  EXPECT_EQ(processes_with("[s]leep 3125"), 1);
  EXPECT_EQ(read_file(options_.folder / "file"), "kept\n");
  place_.reset();
  EXPECT_EQ(processes_with("[s]leep 3125"), 0);
  struct stat info {};
  ASSERT_EQ(::stat((options_.folder / "file").c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, ::geteuid());
}

TEST_P(EveryPlace, a_hanging_command_is_ended_with_all_it_started) {
  const auto begun = steady_clock::now();
  const auto end = run("setsid sleep 3126 >/dev/null 2>&1 & echo one; exec sleep 3127", Seconds(1.5));
  EXPECT_EQ(end.limit, "wall") << end.error;
  EXPECT_FALSE(end.exit_status);
  EXPECT_EQ(end.output, "one\n");
  EXPECT_LT(steady_clock::now() - begun, std::chrono::seconds(15));
  EXPECT_EQ(processes_with("[s]leep 312[67]"), 0);
  EXPECT_EQ(run("echo more").output, "more\n");
}

TEST_P(EveryPlace, a_command_that_closes_its_streams_and_hangs_is_ended) {
  EXPECT_EQ(run("exec >/dev/null 2>&1; exec sleep 3128", Seconds(1.5)).limit, "wall");
  EXPECT_EQ(processes_with("[s]leep 3128"), 0);
}

TEST_P(EveryPlace, a_stop_ends_it) {
  std::stop_source source;
  auto command = shell("sleep 3129");
  command.stop = source.get_token();
  std::jthread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    source.request_stop();
  });
  EXPECT_EQ(place_->run(command).limit, "stopped");
  EXPECT_EQ(processes_with("[s]leep 3129"), 0);
}

TEST_P(EveryPlace, a_hundred_megabytes_of_output_are_cut) {
  auto command = shell("dd if=/dev/zero bs=1M count=100 2>/dev/null | tr '\\0' x; echo end");
  command.most_output = 100'000;
  const auto end = place_->run(command);
  EXPECT_EQ(end.limit, "output") << end.error;
  EXPECT_EQ(end.output.size(), 100'000U);
}

TEST_P(EveryPlace, a_fork_bomb_ends_and_the_place_can_still_be_used) {
  if (!is_sandbox()) return;  // a place without limits has none on processes
  const auto end = run("bomb() { bomb | bomb & }; (sleep 0.3; bomb) & exec sleep 3130", Seconds(3));
  EXPECT_EQ(end.limit, "wall") << end.error;
  const auto more = run("echo more");
  EXPECT_EQ(more.output, "more\n") << more.error << more.errors;
  EXPECT_EQ(processes_with("[s]leep 3130"), 0);
}

TEST_P(EveryPlace, a_program_that_is_not_there_has_status_127) {
  Command command;
  command.argv = {"no-such-program-at-all"};
  EXPECT_EQ(place_->run(command).exit_status, 127);
}

TEST_P(EveryPlace, what_fills_the_disk_gets_an_error) {
  if (GetParam() != "bubblewrap") return;  // containers have no quota of their own, see workplaces.md
  EXPECT_NE(run("head -c 20000000 /dev/zero >big").exit_status, 0);
  EXPECT_LE(fs::file_size(options_.folder / "big"), options_.limits.disk_bytes);
  EXPECT_NE(run("head -c 6000000 /dev/zero >/tmp/a; head -c 6000000 /dev/zero >/tmp/b").exit_status, 0);
  EXPECT_NE(run("head -c 600000000 /dev/zero >/dev/shm/a").exit_status, 0);
}

TEST_P(EveryPlace, what_is_written_is_counted) {
  constexpr std::uint64_t kMuch = std::uint64_t{1} << 40;
  const auto before = place_->disk_use(kMuch);
  EXPECT_EQ(before.has_value(), is_sandbox());
  if (!before) return;
  EXPECT_EQ(run("mkdir -p a/b; head -c 3000000 /dev/zero >a/b/file").exit_status, 0);
  EXPECT_GE(*place_->disk_use(kMuch), *before + 3'000'000);
  EXPECT_LT(*place_->disk_use(kMuch), *before + 4'000'000);
}

TEST_P(EveryPlace, Z1_the_files_of_this_machine_are_out_of_reach) {
  if (!is_sandbox()) return;
  write_file_atomic(root_ / "secret", "of the host");
  const auto secret = (root_ / "secret").string();
  for (const auto& path : {secret, "/workspace/../../../../.." + secret, std::string("../secret")})
    EXPECT_NE(run("cat " + path).exit_status, 0) << path;
  EXPECT_NE(run("ln -s " + secret + " away; cat away").exit_status, 0);
  EXPECT_NE(run("echo x >>/usr/bin/new || exit 1").exit_status == 0 && GetParam() == "bubblewrap", true);
  EXPECT_EQ(read_file(root_ / "secret"), "of the host");
}

TEST_P(EveryPlace, the_shadow_file_and_other_processes_are_out_of_reach) {
  if (GetParam() != "bubblewrap") return;
  EXPECT_NE(run("cat /etc/shadow").exit_status, 0);
  EXPECT_EQ(run("ls /root /home 2>/dev/null").output, "");
  EXPECT_NE(run("kill -9 1 || exit 1").exit_status == 0 && run("true").exit_status != 0, true);
  EXPECT_NE(run("mount -t tmpfs none /tmp").exit_status, 0);
  EXPECT_NE(run("echo 1 >/proc/sys/kernel/panic").exit_status, 0);
  EXPECT_EQ(run("grep CapEff /proc/self/status").output, "CapEff:\t0000000000000000\n");
  EXPECT_EQ(run("env | grep -c HOSTNAME_OF_OURS").output, "0\n");
}

TEST_P(EveryPlace, its_variables_are_those_of_the_command_alone) {
  if (GetParam() != "bubblewrap") return;
  EXPECT_EQ(run("mkdir bin; printf '#!/bin/sh\\nid -u >/workspace/who; exit 7\\n' >bin/setpriv; chmod +x "
                "bin/setpriv; "
                "cp bin/setpriv bin/prlimit; cp bin/setpriv bin/env; cp bin/setpriv bin/sh")
                .exit_status,
            0);
  Command command;
  command.argv = {"/usr/bin/env"};
  command.environment = {
      {"PATH", "/workspace/bin"}, {"LD_PRELOAD", "/workspace/none.so"}, {"TWO", "a \"b\" $c\nd"}};
  const auto end = place_->run(command);
  EXPECT_EQ(end.exit_status, 0) << end.errors;
  EXPECT_FALSE(fs::exists(options_.folder / "who"));
  EXPECT_NE(end.output.find("TWO=a \"b\" $c\nd\n"), std::string::npos) << end.output;
  EXPECT_EQ(end.output.find("IPW_VARIABLE"), std::string::npos) << end.output;
  auto hidden = shell("for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline; done");
  hidden.environment = {{"KEY", "of-nobody-else"}};
  EXPECT_EQ(place_->run(hidden).output.find("of-nobody-else"), std::string::npos);
}

TEST_P(EveryPlace, there_is_a_terminal_to_be_had) {
  if (GetParam() != "bubblewrap") return;
  const auto end = run("python3 -c 'import pty; pty.spawn([\"echo\", \"from a terminal\"])'");
  EXPECT_NE(end.output.find("from a terminal"), std::string::npos) << end.errors;
}

TEST_P(EveryPlace, a_listener_is_reached_without_a_network) {
  const auto listener = place_->listen(18123);
  EXPECT_EQ(listener.has_value(), is_sandbox());
  if (!listener) return;
  std::jthread server([&] {
    pollfd ready{*listener, POLLIN, 0};
    if (::poll(&ready, 1, 20'000) <= 0) return;
    const int peer = ::accept(*listener, nullptr, nullptr);
    EXPECT_EQ(::write(peer, "hello\n", 6), 6);
    ::close(peer);
  });
  const auto* python =
      "python3 -c 'import socket; print(socket.create_connection((\"127.0.0.1\", 18123)).recv(99).decode(), "
      "end=\"\")'";
  const auto end = run(GetParam() == "container" ? "nc 127.0.0.1 18123 </dev/null" : python);
  EXPECT_EQ(end.output, "hello\n") << end.errors;
  server.join();
  ::close(*listener);
  EXPECT_EQ(run("ls /sys/class/net 2>/dev/null | grep -v lo; grep -c : /proc/net/dev").output, "1\n");
}

TEST_P(EveryPlace, with_the_network_it_needs_no_listener) {
  options_.network = true;
  const auto place = open(options_);
  const auto listener = place->listen(18124);
  // An engine's network may be this machine's or one behind a bridge.
  EXPECT_TRUE(!listener || GetParam() == "container");
  if (listener) ::close(*listener);
  EXPECT_EQ(place->run(shell("echo here")).output, "here\n");
}

TEST_P(EveryPlace, commands_run_at_once_from_many_threads) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([&, i] {
      auto command = shell("cat; sleep 0.2");
      command.input = std::to_string(i);
      const auto end = place_->run(command);
      EXPECT_EQ(end.output, std::to_string(i)) << end.error << end.errors;
    });
}

TEST_P(EveryPlace, it_may_go_on_another_thread_than_it_came) {
  std::unique_ptr<Workplace> place;
  std::jthread([&] { place = open(options_); }).join();
  EXPECT_EQ(place->run(shell("echo here")).output, "here\n");
}

INSTANTIATE_TEST_SUITE_P(Places, EveryPlace, testing::Values("bubblewrap", "container", "none"),
                         [](const auto& row) { return row.param; });

TEST(Places, what_they_need_is_said) {
  const auto message = [](const char* name, const PlaceOptions& options) -> std::string {
    try {
      require("sandbox", workplaces(), name).make(options);
    } catch (const Error& error) {
      return std::string(error.what()) + " " + error.hint();
    }
    return "none";
  };
  PlaceOptions options;
  options.folder = fs::temp_directory_path() / fmt::format("ipw-places-{}", ::getpid());
  EXPECT_NE(message("container", options).find("--sandbox-image"), std::string::npos);
  options.image = "localhost/nothing:1";
  options.engine = "unix:///nowhere.sock";
  EXPECT_NE(message("container", options).find("podman system service"), std::string::npos);
  EXPECT_NE(message("nowhere", options).find("unknown sandbox"), std::string::npos);
  fs::remove_all(options.folder);
}

}  // namespace
}  // namespace ipw::sandbox
