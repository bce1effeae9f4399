// SPDX-License-Identifier: Apache-2.0
#include "ipw/sandbox/held_namespaces.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/base/text.h"

extern char** environ;

namespace ipw::sandbox {
namespace {

constexpr std::chrono::seconds kStart{20};
constexpr const char* kReady = "ready\n";

class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0)
      throw Error(ErrorCode::Unavailable, "cannot make a pipe", "raise the limit of open files");
  }
  ~Pipe() {
    for (const int end : ends_)
      if (end >= 0) ::close(end);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int reader() const { return ends_[0]; }
  int writer() const { return ends_[1]; }
  void close_writer() { ::close(std::exchange(ends_[1], -1)); }
  int take_writer() { return std::exchange(ends_[1], -1); }

 private:
  std::array<int, 2> ends_{-1, -1};
};

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

std::string text_of(std::FILE* file) {
  std::array<char, 2000> buffer{};
  std::rewind(file);
  const auto n = std::fread(buffer.data(), 1, buffer.size(), file);
  return std::string(trim(std::string_view(buffer.data(), n)));
}

pid_t spawn(std::vector<std::string> argv, const std::array<std::pair<int, int>, 4>& descriptors) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const auto& [from, to] : descriptors) posix_spawn_file_actions_adddup2(&actions, from, to);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  std::vector<char*> raw;
  for (auto& word : argv) raw.push_back(word.data());
  raw.push_back(nullptr);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, raw[0], &actions, &attributes, raw.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error == 0) return pid;
  throw Error(ErrorCode::Unavailable, fmt::format("cannot start bwrap: {}", std::strerror(error)),
              "apt-get install bubblewrap");
}

/// Read until the text comes, the end of the stream, or too late.
std::string read_until(int fd, std::string_view wanted) {
  const auto deadline = std::chrono::steady_clock::now() + kStart;
  std::string out;
  while (out.find(wanted) == out.npos) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd ready{fd, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) == 0) break;
    std::array<char, 512> buffer;
    const auto n = ::read(fd, buffer.data(), buffer.size());
    if (n == 0 || (n < 0 && errno != EINTR)) break;
    if (n > 0) out.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return out;
}

pid_t child_of(std::string_view info) {
  const auto json = parse_json(info);
  if (!json || !json->is_object()) return -1;
  const auto it = json->find("child-pid");
  return it != json->end() && it->is_number_integer() ? it->get<pid_t>() : -1;
}

}  // namespace

HeldNamespaces::HeldNamespaces(const std::vector<std::string>& arguments) {
  Pipe input, output, info;
  const File errors(std::tmpfile());
  if (!errors) throw Error(ErrorCode::Unavailable, "cannot make a file in the temporary folder");
  ::fcntl(::fileno(errors.get()), F_SETFD, FD_CLOEXEC);
  std::vector<std::string> argv = {"bwrap", "--info-fd", "3"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  argv.insert(argv.end(), {"--", "sh", "-c", "echo ready; exec cat"});
  bwrap_ =
      spawn(std::move(argv),
            {{{input.reader(), 0}, {output.writer(), 1}, {::fileno(errors.get()), 2}, {info.writer(), 3}}});
  input_ = input.take_writer();
  for (auto* pipe : {&output, &info}) pipe->close_writer();
  first_ = child_of(read_until(info.reader(), "}"));
  if (first_ > 0) watch_ = static_cast<int>(::syscall(SYS_pidfd_open, first_, 0));
  if (watch_ >= 0 && read_until(output.reader(), kReady) == kReady) return;
  end();
  throw Error(ErrorCode::Unavailable, fmt::format("bubblewrap: {}", text_of(errors.get())));
}

HeldNamespaces::~HeldNamespaces() {
  end();
}

bool HeldNamespaces::alive() const {
  pollfd ended{watch_, POLLIN, 0};
  return ::poll(&ended, 1, 0) == 0;
}

void HeldNamespaces::end() {
  ::close(input_);
  if (watch_ >= 0) {
    ::syscall(SYS_pidfd_send_signal, watch_, SIGKILL, nullptr, 0);
    pollfd ended{watch_, POLLIN, 0};
    ::poll(&ended, 1, 10'000);  // the kernel lets the first process end last of all
    ::close(watch_);
  }
  ::kill(-bwrap_, SIGKILL);
  while (::waitpid(bwrap_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace ipw::sandbox
