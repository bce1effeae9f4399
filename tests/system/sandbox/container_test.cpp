// SPDX-License-Identifier: Apache-2.0
// Containers of a real engine; tests/system/containers.py starts it and sets DOCKER_HOST and IPW_TEST_IMAGE.
#include "ipw/sandbox/container.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/sandbox/engine_api.h"

namespace ipw::sandbox {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

std::string image() {
  const char* name = std::getenv("IPW_TEST_IMAGE");
  return name == nullptr ? "" : name;
}

class RealContainer : public testing::Test {
 protected:
  RealContainer() : engine_(connect_engine()) {
    auto name = (fs::temp_directory_path() / "ipw-container-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    request_.image = image();
    request_.limits.processes = 64;
    request_.limits.memory_bytes = std::uint64_t{256} << 20;
  }
  ~RealContainer() override { fs::remove_all(root_); }
  void SetUp() override { ASSERT_FALSE(image().empty()) << "run it by tests/system/containers.py"; }

  static Command shell(const std::string& script, Seconds wall = Seconds(30)) {
    Command command;
    command.argv = {"sh", "-c", script};
    command.wall = wall;
    return command;
  }

  std::unique_ptr<ContainerEngine> engine_;
  ContainerRequest request_;
  fs::path root_;
};

TEST_F(RealContainer, tells_both_streams_and_the_status) {
  EXPECT_EQ(engine_->version().substr(0, 7), "podman ");
  const auto container = engine_->start(request_);
  auto command = shell("echo out; echo bad >&2; cat; echo $GREETING; pwd; exit 3");
  command.input = std::string("given\n");
  command.environment = {{"GREETING", "hello you"}};
  command.folder = "/tmp";
  const auto end = container->run(command);
  EXPECT_EQ(end.error, "");
  EXPECT_EQ(end.output, "out\ngiven\nhello you\n/tmp\n");
  EXPECT_EQ(end.errors, "bad\n");
  EXPECT_EQ(end.exit_status, 3);
  EXPECT_EQ(container->run(shell("ls -A / | grep ipw-input")).output, "");
}

TEST_F(RealContainer, files_and_processes_stay_between_commands) {
  const auto container = engine_->start(request_);
  const auto begun = steady_clock::now();
  const auto end = container->run(shell("echo kept >/tmp/file; sleep 300 & echo started"));
  EXPECT_EQ(end.exit_status, 0);
  EXPECT_EQ(end.output, "started\n");
  EXPECT_LT(steady_clock::now() - begun, std::chrono::seconds(10));
  EXPECT_EQ(container->run(shell("cat /tmp/file; ps | grep -c '[s]leep 300'")).output, "kept\n1\n");
}

TEST_F(RealContainer, a_hanging_command_is_ended_with_all_it_started) {
  const auto container = engine_->start(request_);
  const auto begun = steady_clock::now();
  const auto end = container->run(shell("setsid sleep 301 & echo one; sleep 302", Seconds(1.5)));
  EXPECT_EQ(end.limit, "wall");
  EXPECT_FALSE(end.exit_status);
  EXPECT_EQ(end.output, "one\n");
  EXPECT_LT(steady_clock::now() - begun, std::chrono::seconds(10));
  EXPECT_EQ(container->run(shell("ps | grep -c '[s]leep 30[12]'")).output, "0\n");
}

TEST_F(RealContainer, a_stop_ends_it) {
  const auto container = engine_->start(request_);
  std::stop_source source;
  auto command = shell("sleep 303");
  command.stop = source.get_token();
  std::jthread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    source.request_stop();
  });
  EXPECT_EQ(container->run(command).limit, "stopped");
}

TEST_F(RealContainer, a_flood_is_cut) {
  const auto container = engine_->start(request_);
  auto command = shell("dd if=/dev/zero bs=1M count=100 2>/dev/null | tr '\\0' x; echo end");
  command.most_output = 100'000;
  const auto end = container->run(command);
  EXPECT_EQ(end.limit, "output");
  EXPECT_EQ(end.output.size(), 100'000U);
}

TEST_F(RealContainer, a_fork_bomb_ends_at_the_limit_and_the_place_can_still_be_used) {
  const auto container = engine_->start(request_);
  const auto end =
      container->run(shell("bomb() { bomb | bomb & }; (sleep 0.3; bomb) & exec sleep 60", Seconds(3)));
  EXPECT_EQ(end.limit, "wall");
  const auto after = container->run(shell("ps | wc -l"));
  EXPECT_EQ(after.error, "");
  EXPECT_LT(std::atoi(after.output.c_str()), 8);
}

TEST_F(RealContainer, more_memory_than_allowed_kills_it) {
  const auto container = engine_->start(request_);
  const auto end = container->run(shell("head -c 600000000 /dev/zero | tail >/dev/null; echo $?"));
  EXPECT_NE(end.output, "0\n");
}

TEST_F(RealContainer, there_is_no_network) {
  const auto container = engine_->start(request_);
  EXPECT_EQ(container->run(shell("ls /sys/class/net")).output, "lo\n");
}

TEST_F(RealContainer, copies_a_folder_in_and_reads_a_file) {
  fs::create_directories(root_ / "in/sub");
  write_file_atomic(root_ / "in/sub/file", "text");
  fs::create_symlink("/etc/shadow", root_ / "in/away");
  const auto container = engine_->start(request_);
  container->copy_in(root_ / "in", "/new/place");
  container->copy_in(root_ / "in/sub/file", "/tmp/one");
  EXPECT_EQ(container->read("/new/place/sub/file", 100), "text");
  EXPECT_EQ(container->read("/tmp/one", 100), "text");
  EXPECT_EQ(container->run(shell("ls -ld /tmp")).output.substr(0, 10), "drwxrwxrwt");
  EXPECT_EQ(container->read("/tmp/none", 100), std::nullopt);
  EXPECT_THROW(container->read("/new/place/sub/file", 3), Error);
  EXPECT_THROW(container->read("/new/place", 100), Error);
}

TEST_F(RealContainer, links_lead_nowhere_but_into_the_container) {
  write_file_atomic(root_ / "secret", "of the host");
  const auto container = engine_->start(request_);
  const auto end =
      container->run(shell(fmt::format("ln -s {0} /tmp/away; ln -s ../../../../../../..{0} /tmp/up; ln -s "
                                       "/etc/passwd /tmp/own; ln -s ring /tmp/ring",
                                       (root_ / "secret").string())));
  EXPECT_EQ(end.exit_status, 0);
  EXPECT_EQ(container->read("/tmp/away", 1000), std::nullopt);
  EXPECT_EQ(container->read("/tmp/up", 1000), std::nullopt);
  EXPECT_EQ(container->read("/tmp/../../.." + (root_ / "secret").string(), 1000), std::nullopt);
  EXPECT_NE(container->read("/tmp/own", 1000).value_or("").find("nobody"), std::string::npos);
}

TEST_F(RealContainer, a_mount_is_writable_or_not) {
  fs::create_directories(root_ / "a");
  fs::create_directories(root_ / "b");
  request_.mounts = {{root_ / "a", "/a", true}, {root_ / "b", "/b", false}};
  const auto container = engine_->start(request_);
  EXPECT_EQ(container->run(shell("echo 1 >/a/file")).exit_status, 0);
  EXPECT_NE(container->run(shell("echo 1 >/b/file")).exit_status, 0);
  EXPECT_EQ(read_file(root_ / "a/file"), "1\n");
}

TEST_F(RealContainer, a_listener_in_its_network_is_served_from_outside) {
  const auto container = engine_->start(request_);
  const auto socket = container->listen(8123);
  ASSERT_TRUE(socket);
  std::jthread server([&] {
    pollfd ready{*socket, POLLIN, 0};
    if (::poll(&ready, 1, 20'000) <= 0) return;
    const int peer = ::accept(*socket, nullptr, nullptr);
    EXPECT_EQ(::write(peer, "hello\n", 6), 6);
    ::close(peer);
  });
  EXPECT_EQ(container->run(shell("nc 127.0.0.1 8123 </dev/null")).output, "hello\n");
  server.join();
  EXPECT_THROW(container->listen(8123), Error);
  ::close(*socket);
}

TEST_F(RealContainer, a_container_that_is_killed_from_outside_is_an_error_and_no_crash) {
  const auto container = engine_->start(request_);
  std::jthread killer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    EngineApi(find_endpoint(""))
        .ask({.method = "POST", .path = fmt::format("/containers/{}/kill", container->id())});
  });
  const auto end = container->run(shell("sleep 30"));
  EXPECT_NE(end.error.find("ended before its time"), std::string::npos)
      << end.error << end.exit_status.value_or(-1);
  EXPECT_NE(container->run(shell("true")).error, "");
}

TEST_F(RealContainer, an_image_or_a_folder_that_is_not_there_is_said) {
  EXPECT_TRUE(engine_->has_image(image()));
  EXPECT_FALSE(engine_->has_image("localhost/nothing:1"));
  request_.image = "localhost/nothing:1";
  try {
    engine_->start(request_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::NotFound);
    EXPECT_NE(std::string(error.what()).find("localhost/nothing:1"), std::string::npos);
  }
  EXPECT_THROW(engine_->pull("localhost:1/nothing:1", {}), Error);
}

TEST_F(RealContainer, a_program_that_is_not_there_has_status_127) {
  const auto container = engine_->start(request_);
  Command command;
  command.argv = {"no-such-program"};
  EXPECT_EQ(container->run(command).exit_status, 127);
  command.argv = {"true"};
  command.folder = "/no/such/folder";
  const auto nowhere = container->run(command);
  EXPECT_TRUE(!nowhere.error.empty() || nowhere.exit_status != 0) << nowhere.output << nowhere.errors;
}

TEST_F(RealContainer, builds_an_image_and_tells_why_it_cannot) {
  write_file_atomic(root_ / "Dockerfile", "FROM " + image() + "\nCOPY file /file\nRUN echo built >>/file\n");
  write_file_atomic(root_ / "file", "text\n");
  write_file_atomic(root_ / "Broken", "FROM " + image() + "\nRUN echo reason; exit 3\n");
  const std::vector<std::string> files = {"Broken", "Dockerfile", "file"};
  engine_->build({root_, files, "Dockerfile", "localhost/ipw-built:1"}, {});
  request_.image = "localhost/ipw-built:1";
  EXPECT_EQ(engine_->start(request_)->read("/file", 100), "text\nbuilt\n");
  try {
    engine_->build({root_, files, "Broken", "localhost/ipw-broken:1"}, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("reason"), std::string::npos) << error.what();
  }
}

TEST_F(RealContainer, what_is_written_anywhere_is_counted) {
  const auto container = engine_->start(request_);
  EXPECT_EQ(container->run(shell("head -c 5000000 /dev/zero >/root/file")).exit_status, 0);
  EXPECT_GE(container->disk_use(0).value_or(0), 5'000'000U);
}

TEST_F(RealContainer, containers_of_a_network_find_each_other) {
  const auto network = engine_->make_network();
  const auto volume = engine_->make_volume();
  write_file_atomic(root_ / "file", "text\n");
  request_.joins = network->name();
  request_.volumes = {{volume->name(), "/shared"}};
  auto server = request_;
  server.own_program = true;
  server.files = {{root_ / "file", "/conf/deep/file"}};
  server.entrypoint = {"sh", "-c", "cp /conf/deep/file /shared; busybox httpd -f -p 80 -h /shared"};
  const auto serving = engine_->start(server);
  EXPECT_FALSE(serving->address().empty());
  request_.hosts = {{"store", serving->address()}};
  request_.names = {"agent"};
  const auto container = engine_->start(request_);
  const auto end = container->run(
      shell("for i in 1 2 3 4 5 6 7 8 9; do wget -q -O - http://store/file && break; sleep 1; done"));
  EXPECT_EQ(end.output, "text\n") << end.errors;
  EXPECT_EQ(container->run(shell("cat /shared/file")).output, "text\n");
  const auto about =
      EngineApi(find_endpoint("")).must({.path = "/containers/" + container->id() + "/json"}, "");
  EXPECT_NE(about.find("\"agent\""), std::string::npos) << "its name is not told to the engine";
}

TEST_F(RealContainer, commands_run_at_once_from_many_threads) {
  const auto container = engine_->start(request_);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([&, i] {
      auto command = shell("cat; sleep 0.3");
      command.input = std::to_string(i);
      EXPECT_EQ(container->run(command).output, std::to_string(i));
    });
}

TEST_F(RealContainer, containers_of_a_killed_run_are_removed_and_those_of_live_ones_are_not) {
  const auto container = engine_->start(request_);
  EXPECT_EQ(remove_left_containers(), 0U);
  const pid_t child = ::fork();
  if (child == 0) {
    auto* left = connect_engine()->start(request_).release();
    ::_exit(left->id().empty() ? 1 : 0);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(remove_left_containers(), 1U);
  EXPECT_EQ(container->run(shell("true")).exit_status, 0);
}

}  // namespace
}  // namespace ipw::sandbox
