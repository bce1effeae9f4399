// SPDX-License-Identifier: Apache-2.0
#include "ipw/servers/server_ledger.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "fake_processes.h"
#include "ipw/telemetry/gpu_processes.h"

namespace ipw::servers {
namespace {

using testing::HasSubstr;

using ServerLedgerTest = FakeProcesses;

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> out;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder))
    if (file.path().extension() == ".json") out.push_back(file.path());
  return out;
}

TEST_F(ServerLedgerTest, a_process_is_known_by_its_number_and_its_start) {
  run(4242, 1000);
  EXPECT_EQ(processes().identify(4242), (ProcessIdentity{4242, 1000, "boot-1"}));
  EXPECT_FALSE(processes().identify(4243));
  EXPECT_FALSE(processes().identify(1));
  EXPECT_FALSE(processes().identify(-1));
  run(4242, 1000, 'Z');
  EXPECT_FALSE(processes().identify(4242)) << "a zombie has ended";
  run(4242, 1000, 'Z', 1, 3);
  EXPECT_TRUE(processes().identify(4242)) << "its threads still hold its sockets";
}

TEST(ProcessTable, a_process_whose_first_thread_ended_runs_until_its_last_one_has) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    std::thread([] { ::pause(); }).detach();
    ::syscall(SYS_exit, 0);  // of this thread alone
  }
  const ProcessTable table;
  const auto stat = "/proc/" + std::to_string(pid) + "/stat";
  while (read_file(stat).find(") Z ") == std::string::npos) std::this_thread::yield();
  const auto identity = table.identify(pid);
  EXPECT_TRUE(identity);
  ::kill(pid, SIGKILL);
  siginfo_t info{};
  EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(table.identify(pid)) << "a zombie without threads has ended";
  EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
}

TEST_F(ServerLedgerTest, a_stat_that_is_none_is_no_process) {
  make_directories(root_ / "proc/77");
  for (const auto* text :
       {"", "77", "77 (a)", "77 (a) S 1 2 3", "77 (a S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18"}) {
    write_file_atomic(root_ / "proc/77/stat", text);
    EXPECT_FALSE(processes().identify(77)) << text;
  }
}

TEST_F(ServerLedgerTest, what_was_added_is_read_again) {
  run(4242, 1000);
  auto one = entry(4242, 1000);
  one.run = ProcessIdentity{5, 6, "boot-1"};
  ledger().add(one);
  const auto found = ledger().read();
  ASSERT_EQ(found.running.size(), 1U);
  EXPECT_TRUE(found.dropped.empty());
  const auto& read = found.running.front();
  EXPECT_EQ(read.engine, "vllm");
  EXPECT_EQ(read.model, "org/model");
  EXPECT_EQ(read.port, 9000);
  EXPECT_EQ(read.process, one.process);
  EXPECT_EQ(read.argv, one.argv);
  EXPECT_EQ(read.run, one.run);
  ledger().remove(one);
  EXPECT_TRUE(ledger().read().running.empty());
}

TEST_F(ServerLedgerTest, Z9_a_number_that_was_given_again_is_not_our_server) {
  ledger().add(entry(4242, 1000));
  run(4242, 2000);
  const auto found = ledger().read();
  EXPECT_TRUE(found.running.empty());
  ASSERT_EQ(found.dropped.size(), 1U);
  EXPECT_THAT(found.dropped.front(), HasSubstr("vllm on port 9000 (process 4242) has ended"));
  EXPECT_TRUE(files_in(root_ / "state").empty());
}

TEST_F(ServerLedgerTest, Z9_an_entry_of_another_boot_is_not_our_server) {
  run(4242, 1000);
  ledger().add(entry(4242, 1000));
  set_boot("boot-2");
  EXPECT_TRUE(ledger().read().running.empty());
}

TEST_F(ServerLedgerTest, files_that_are_no_entries_are_removed_with_a_word) {
  run(4242, 1000);
  ledger().add(entry(4242, 1000));
  const auto folder = files_in(root_ / "state").front().parent_path();
  for (const auto* text : {"", "{}", "[1]", R"({"engine": 1})", R"({"engine": "vllm", "port": "x"})"}) {
    write_file_atomic(folder / "9001-7.json", text);
    const auto found = ledger().read();
    EXPECT_EQ(found.running.size(), 1U) << text;
    ASSERT_EQ(found.dropped.size(), 1U) << text;
    EXPECT_THAT(found.dropped.front(), HasSubstr("is no entry of a server"));
  }
}

TEST_F(ServerLedgerTest, M31_a_server_that_we_started_and_its_workers_are_no_foreign_load) {
  run(4242, 1000);
  run(4243, 1001, 'S', 4242);
  run(99, 5);
  ledger().add(entry(4242, 1000));
  std::vector<std::int64_t> own;
  const auto found = ledger().read();
  for (const auto& server : found.running) own.push_back(server.process.pid);
  const std::vector<telemetry::GpuProcess> all = {{"GPU-0", 4243, 100.0}, {"GPU-0", 99, 1.0}};
  const auto foreign = telemetry::foreign_processes(all, own, root_.string());
  ASSERT_EQ(foreign.size(), 1U);
  EXPECT_EQ(foreign.front().pid, 99);
}

}  // namespace
}  // namespace ipw::servers
