// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/listeners.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace ipw::telemetry {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Listeners : public testing::Test {
 protected:
  Listeners() {
    fs::create_directories(root_ / "proc/net");
    std::ofstream(root_ / "proc/net/tcp")
        << "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
           "inode\n"
           "   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 "
           "1\n"
           "   1: 0100007F:1F40 0100007F:9999 01 00000000:00000000 00:00000000 00000000  1000        0 4343 "
           "1\n"
           "   2: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1\n";
    std::ofstream(root_ / "proc/net/tcp6")
        << "  sl  local_address rem_address   st\n"
           "   0: 00000000000000000000000001000000:1F40 00000000000000000000000000000000:0000 0A "
           "00000000:00000000 00:00000000 00000000  1000        0 5252 1\n";
    add(70, "socket:[4242]");
    add(8, "socket:[5252]");
    add(9, "socket:[4343]");
    add(10, "/dev/null");
    fs::create_directories(root_ / "proc/self");
  }
  ~Listeners() override { fs::remove_all(root_); }
  void add(int pid, const std::string& target) const {
    const auto folder = root_ / "proc" / std::to_string(pid) / "fd";
    fs::create_directories(folder);
    fs::create_symlink(target, folder / "3");
  }
  fs::path root_ = fs::path(testing::TempDir()) / "ipw-listeners";
};

TEST_F(Listeners, M31_are_the_processes_that_hold_the_listening_socket) {
  EXPECT_THAT(listeners(8000, root_.string()), ElementsAre(8, 70));
  EXPECT_THAT(listeners(8001, root_.string()), IsEmpty());
  EXPECT_THAT(listeners(8000, (root_ / "none").string()), IsEmpty());
}

}  // namespace
}  // namespace ipw::telemetry
