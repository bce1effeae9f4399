// SPDX-License-Identifier: Apache-2.0
// ipw-monitor as a child of a benchmark.
#pragma once
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "ipw/base/error.h"
#include "ipw/rpc/monitor.h"

namespace ipw {

/// The resident memory of a process ("self", or its id) in MiB.
inline double rss_mb(const std::string& process) {
  std::ifstream in("/proc/" + process + "/smaps_rollup");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("Rss:")) return std::strtod(line.c_str() + 4, nullptr) / 1024;
  }
  return 0;
}

/// The monitor as a program.
class Monitor {
 public:
  Monitor(const std::string& program, const std::filesystem::path& root,
          const std::vector<std::string>& collectors)
      : socket_(root / "monitor.sock") {
    std::vector<std::string> words{program, "--socket", socket_, "--sysfs-root", root};
    for (const auto& collector : collectors) {
      words.emplace_back("--collector");
      words.push_back(collector);
    }
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (::posix_spawn(&pid_, argv[0], &files, nullptr, argv.data(), environ) != 0)
      throw Error(ErrorCode::NotFound, fmt::format("cannot start '{}'", program), "give --monitor PATH");
    posix_spawn_file_actions_destroy(&files);
  }
  ~Monitor() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  /// `delay` as in rpc::Address: for how long the monitor may hold samples back.
  std::unique_ptr<telemetry::Source> connect(Clock& clock,
                                             std::chrono::milliseconds delay = rpc::Address().delay) const {
    rpc::Address address{"unix:" + socket_};
    address.delay = delay;
    const Instant begin = clock.now();
    while (!rpc::listens(address) && clock.now() - begin < std::chrono::seconds(10))
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return rpc::connect(address, clock);
  }
  double cpu() const {
    clockid_t id{};
    timespec t{};
    if (::clock_getcpuclockid(pid_, &id) != 0) return 0;
    ::clock_gettime(id, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
  }
  double rss_mb() const { return ipw::rss_mb(std::to_string(pid_)); }

 private:
  std::string socket_;
  pid_t pid_ = -1;
};

}  // namespace ipw
