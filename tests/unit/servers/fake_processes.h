// SPDX-License-Identifier: Apache-2.0
// A folder that looks like /proc, and a ledger beside it.
#pragma once
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

#include "ipw/base/files.h"
#include "ipw/servers/server_ledger.h"

namespace ipw::servers {

class FakeProcesses : public testing::Test {
 protected:
  FakeProcesses() {
    std::string name = "/tmp/ipw-servers-XXXXXX";
    root_ = ::mkdtemp(name.data());
    set_boot("boot-1");
  }
  ~FakeProcesses() override { std::filesystem::remove_all(root_); }

  void set_boot(const std::string& id) {
    make_directories(root_ / "proc/sys/kernel/random");
    write_file_atomic(root_ / "proc/sys/kernel/random/boot_id", id + "\n");
  }
  /// A process whose name is as awkward as names may be.
  void run(int pid, int start, char state = 'S', int parent = 1, int threads = 1) {
    make_directories(root_ / "proc" / std::to_string(pid));
    write_file_atomic(root_ / "proc" / std::to_string(pid) / "stat",
                      fmt::format("{} (a ) R (b) {} {} 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 {} 0 {} 9 9\n",
                                  pid, state, parent, threads, start));
  }
  void end(int pid) { std::filesystem::remove_all(root_ / "proc" / std::to_string(pid)); }

  ProcessTable processes() const { return ProcessTable(root_ / "proc"); }
  ServerLedger ledger() const { return {root_ / "state", processes()}; }

  ServerEntry entry(int pid, int start, int port = 9000) const {
    ServerEntry out;
    out.engine = "vllm";
    out.model = "org/model";
    out.host = "127.0.0.1";
    out.port = port;
    out.process = {pid, static_cast<std::uint64_t>(start), "boot-1"};
    out.started_unix = 1;
    out.log = "/nowhere/vllm.log";
    out.argv = {"vllm", "serve", "org/model"};
    return out;
  }

  std::filesystem::path root_;
};

}  // namespace ipw::servers
