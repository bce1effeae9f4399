// SPDX-License-Identifier: Apache-2.0
// How the original's first release polls, imitated: a loop for each client, files opened anew for each value,
// and a look at every process for the one number of memory in use. Its calls to a GPU's library are left out.
#pragma once
#include <sys/resource.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace ipw {

class OriginalPolling {
 public:
  /// `root`: a folder with sys/class/powercap of a machine.
  explicit OriginalPolling(std::filesystem::path root) : root_(std::move(root)) {}

  /// The share of a core that so many clients cost over some seconds, at 50 ms.
  double cpu_share(int clients, double seconds) const {
    const double before = used();
    const auto begin = Clock::now();
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < clients; ++i) threads.emplace_back([&] { poll_until(begin + duration(seconds)); });
    }
    return (used() - before) / std::chrono::duration<double>(Clock::now() - begin).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  static Clock::duration duration(double seconds) {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  }
  static double used() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }

  void poll_until(Clock::time_point end) const {
    for (auto next = Clock::now(); next < end; next += std::chrono::milliseconds(50)) {
      std::this_thread::sleep_until(next);
      first_line(root_ / "sys/class/powercap/intel-rapl:0/energy_uj");
      first_line("/proc/meminfo");
      scan_processes();
    }
  }
  static std::string first_line(const std::filesystem::path& path) {
    std::string out;
    std::ifstream file(path);
    std::getline(file, out);
    return out;
  }
  static void scan_processes() {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
      const std::string name = entry.path().filename().string();
      if (!std::ranges::all_of(name, [](unsigned char c) { return std::isdigit(c) != 0; })) continue;
      for (const char* file : {"stat", "statm"}) first_line(entry.path() / file);
    }
  }

  std::filesystem::path root_;
};

}  // namespace ipw
