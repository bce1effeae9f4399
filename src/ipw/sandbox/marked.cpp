// SPDX-License-Identifier: Apache-2.0
#include "ipw/sandbox/marked.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <random>
#include <set>
#include <string_view>
#include <utility>

#include "ipw/base/text.h"

namespace ipw::sandbox {
namespace {

/// A process by a descriptor, so that its number cannot become somebody else's between look and signal.
class Process {
 public:
  explicit Process(pid_t pid) : fd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
  ~Process() {
    if (fd_ >= 0) ::close(fd_);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  bool there() const { return fd_ >= 0; }
  void signal(int number) const { ::syscall(SYS_pidfd_send_signal, fd_, number, nullptr, 0); }

 private:
  int fd_;
};

std::string environment_of(pid_t pid) {
  constexpr std::size_t kMost = std::size_t{4} << 20;
  std::string out;
  const int fd = ::open(fmt::format("/proc/{}/environ", pid).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return out;
  std::array<char, 65536> buffer;
  for (ssize_t n = 0; out.size() < kMost && (n = ::read(fd, buffer.data(), buffer.size())) > 0;)
    out.append(buffer.data(), static_cast<std::size_t>(n));
  ::close(fd);
  return out;
}

bool has_mark(std::string_view environment, std::string_view mark) {
  for (auto at = environment.find(mark); at != environment.npos; at = environment.find(mark, at + 1)) {
    const auto end = at + mark.size();
    const bool begins = at == 0 || environment[at - 1] == '\0';
    if (begins && (end == environment.size() || environment[end] == '\0')) return true;
  }
  return false;
}

/// Send a signal to all that have the mark now.
std::set<pid_t> signal_marked(std::string_view mark, int number) {
  std::set<pid_t> out;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc"), &::closedir);
  while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
    const auto pid = parse_int(entry->d_name);
    if (!pid || *pid == ::getpid()) continue;
    const Process process(static_cast<pid_t>(*pid));
    if (!process.there() || !has_mark(environment_of(static_cast<pid_t>(*pid)), mark)) continue;
    process.signal(number);
    out.insert(static_cast<pid_t>(*pid));
  }
  return out;
}

}  // namespace

std::string new_mark() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}", random(), random(), random());
}

int kill_marked(const std::string& name_and_value) {
  constexpr int kRounds = 200;
  std::set<pid_t> all;
  for (int round = 0; round < kRounds; ++round) {
    std::set<pid_t> stopped, before;
    do {
      before = std::exchange(stopped, signal_marked(name_and_value, SIGSTOP));
    } while (stopped != before);
    if (stopped.empty()) break;
    all.merge(signal_marked(name_and_value, SIGKILL));
    if (round > 0) ::usleep(5000);  // a killed process needs a moment to go
  }
  return static_cast<int>(all.size());
}

}  // namespace ipw::sandbox
