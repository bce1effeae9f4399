// SPDX-License-Identifier: Apache-2.0
// Who else uses the accelerators.
#include "ipw/execution/dedicated.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"

namespace ipw::execution {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using Processes = std::vector<telemetry::GpuProcess>;

/// A machine whose port 8000 is served by process 4700, and 4711 is a worker of that.
class Dedicated : public testing::Test {
 protected:
  Dedicated() {
    fs::create_directories(root_ / "proc/net");
    std::ofstream(root_ / "proc/net/tcp") << "  sl  local_address rem_address   st tx_queue rx_queue tr "
                                             "tm->when retrnsmt   uid  timeout inode\n"
                                             "   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 "
                                             "00:00000000 00000000  1000        0 42 1\n";
    fs::create_directories(root_ / "proc/4700/fd");
    fs::create_symlink("socket:[42]", root_ / "proc/4700/fd/5");
    fs::create_directories(root_ / "proc/4711");
    std::ofstream(root_ / "proc/4711/stat") << "4711 (VLLM (worker)) S 4700 4700 1 0\n";
  }
  ~Dedicated() override { fs::remove_all(root_); }
  Dedication judge(const Processes& processes, const std::string& url = "http://localhost:8000/v1") const {
    return judge_dedication(processes, url, root_.string());
  }
  fs::path root_ = fs::path(testing::TempDir()) / "ipw-dedicated";
};

TEST_F(Dedicated, M31_the_server_that_is_asked_and_its_workers_are_no_others) {
  const auto found = judge({{"GPU-0", 4700, 10.0}, {"GPU-0", 4711, 10.0}, {"GPU-0", ::getpid(), {}}});
  EXPECT_TRUE(found.others.empty());
  EXPECT_NO_THROW(require_dedicated(found));
  EXPECT_EQ(to_json(found, found)["dedicated"], true);
}

TEST_F(Dedicated, M31_any_other_process_fails_the_strict_mode) {
  const auto found = judge({{"GPU-0", 4711, 10.0}, {"GPU-1", 99, 20.0}});
  ASSERT_EQ(found.others.size(), 1U);
  EXPECT_THAT(note_of(found), HasSubstr("99 on GPU-1"));
  try {
    require_dedicated(found);
    FAIL() << "it passed";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("99 on GPU-1"));
  }
  EXPECT_EQ(to_json({}, found)["dedicated"], false);
}

TEST_F(Dedicated, a_server_on_another_machine_or_port_owns_nothing_here) {
  EXPECT_EQ(judge({{"GPU-0", 4700, {}}}, "http://10.0.0.7:8000/v1").others.size(), 1U);
  EXPECT_EQ(judge({{"GPU-0", 4700, {}}}, "http://localhost:8001/v1").others.size(), 1U);
}

TEST_F(Dedicated, what_nobody_can_tell_fails_the_strict_mode_with_its_reason) {
  const auto found = judge_dedication(Unexpected<std::string>("no NVIDIA driver"), "", root_.string());
  EXPECT_THROW(require_dedicated(found), Error);
  EXPECT_EQ(note_of(found), "");
  const auto json = to_json(found, found);
  EXPECT_TRUE(json["dedicated"].is_null());
  EXPECT_EQ(json["reason"], "no NVIDIA driver");
}

}  // namespace
}  // namespace ipw::execution
