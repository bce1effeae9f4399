// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/subprocess.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>
#include <limits>
#include <ranges>
#include <span>
#include <string_view>
#include <utility>

#include "ipw/base/error.h"
#include "ipw/base/spawn.h"

namespace ipw {

using namespace spawning;

namespace {

/// Standard input from a text, through a file without a name: nobody has to feed it.
class InputFile {
 public:
  explicit InputFile(std::string_view text) : file_(std::tmpfile()) {
    if (file_ == nullptr || std::fwrite(text.data(), 1, text.size(), file_) != text.size() ||
        std::fflush(file_) != 0)
      throw Error(ErrorCode::Unavailable, "cannot keep the input of a program in the temporary folder");
    ::fcntl(::fileno(file_), F_SETFD, FD_CLOEXEC);  // programs of other tasks are started meanwhile
    std::rewind(file_);
  }
  ~InputFile() {
    if (file_ != nullptr) std::fclose(file_);
  }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  int fd() const { return ::fileno(file_); }

 private:
  std::FILE* file_;
};

struct Stream {
  int fd;
  std::string* into;
};

enum class Collected { All, Late, Flood, Stopped };

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

/// Becomes readable when a child ends. None on a kernel before 5.3.
int open_child(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

/// Becomes readable when somebody asks to stop, so that one wait serves for that too.
class StopBell {
 public:
  explicit StopBell(const std::stop_token& stop)
      : bell_(stop.stop_possible() ? ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1), ring_(stop, [this] {
          if (bell_.fd() >= 0) ::eventfd_write(bell_.fd(), 1);
        }) {}
  int fd() const { return bell_.fd(); }

 private:
  Descriptor bell_;
  std::stop_callback<std::function<void()>> ring_;  // goes first
};

/// What a wait for a program looks at besides its streams.
struct Watched {
  const std::stop_token& stop;
  const StopBell& bell;
  const Descriptor& child;
  /// How long one wait may last: without a descriptor for it an event is looked for again and again.
  std::chrono::milliseconds turn(std::chrono::milliseconds left, bool for_child) const {
    constexpr std::chrono::milliseconds kLatency(50);
    const bool blind = (stop.stop_possible() && bell.fd() < 0) || (for_child && child.fd() < 0);
    return blind ? std::min(left, kLatency) : left;
  }
};

std::chrono::milliseconds left_until(Instant deadline) {
  return std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
}

/// Wait for one of the descriptors, those that are negative left out. False where waiting is not possible.
bool wait_for(std::span<pollfd> fds, std::chrono::milliseconds most) {
  const auto turn = std::min<std::int64_t>(most.count(), std::numeric_limits<int>::max());
  return ::poll(fds.data(), fds.size(), static_cast<int>(turn)) >= 0 || errno == EINTR;
}

/// Until when the streams of a child are waited for: sooner than its time-out once it has ended.
class Linger {
 public:
  Linger(std::optional<Seconds> linger, int child) : linger_(linger), child_(linger ? child : -1) {}
  /// The child's descriptor as long as its end is waited for, else -1.
  int child() const { return ended_ ? -1 : child_; }
  bool ended() const { return ended_.has_value(); }
  Instant deadline(Instant whole) {
    pollfd end{child(), POLLIN, 0};
    if (end.fd >= 0 && ::poll(&end, 1, 0) > 0)
      ended_ = std::chrono::steady_clock::now() + std::chrono::duration_cast<Nanoseconds>(*linger_);
    return ended_ ? std::min(whole, *ended_) : whole;
  }

 private:
  std::optional<Seconds> linger_;
  int child_;
  std::optional<Instant> ended_;
};

/// Collect the streams until they end, the deadline has passed, one of them is too long or somebody asks to
/// stop.
Collected collect(std::span<const Stream> streams, std::size_t most, Instant whole, Linger& end,
                  const Watched& watched) {
  std::vector<pollfd> fds;
  for (const auto& stream : streams) fds.push_back({stream.fd, POLLIN, 0});
  const auto is_open = [&](std::size_t i) { return fds[i].fd >= 0; };
  const auto count = fds.size();
  fds.push_back({watched.bell.fd(), POLLIN, 0});
  fds.push_back({});
  while (std::ranges::any_of(std::views::iota(std::size_t{0}, count), is_open)) {
    const auto left = left_until(end.deadline(whole));
    if (left.count() <= 0) return end.ended() ? Collected::All : Collected::Late;
    if (watched.stop.stop_requested()) return Collected::Stopped;
    fds.back() = {end.child(), POLLIN, 0};
    if (!wait_for(fds, watched.turn(left, false))) return Collected::Late;
    for (std::size_t i = 0; i < count; ++i) {
      if (fds[i].revents != 0 && !drain(fds[i].fd, *streams[i].into)) fds[i].fd = -1;
      if (streams[i].into->size() > most) return Collected::Flood;
    }
  }
  return Collected::All;
}

/// Wait for a child that has closed its streams, which is no end: it may go on for as long as it is allowed
/// to.
Collected await_exit(pid_t pid, Instant deadline, const Watched& watched) {
  for (siginfo_t info{};;) {
    if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT | WNOHANG) == 0 &&
        info.si_pid == pid)
      return Collected::All;
    const auto left = left_until(deadline);
    if (left.count() <= 0) return Collected::Late;
    if (watched.stop.stop_requested()) return Collected::Stopped;
    std::array<pollfd, 2> fds = {{{watched.child.fd(), POLLIN, 0}, {watched.bell.fd(), POLLIN, 0}}};
    if (!wait_for(fds, watched.turn(left, true))) return Collected::Late;
  }
}

/// Whether a child still runs; `pid` is -1 once it has been waited for.
bool is_running(pid_t& pid) {
  if (pid < 0) return false;
  int status = 0;
  if (::waitpid(pid, &status, WNOHANG) == 0) return true;
  pid = -1;
  return false;
}

void end_group(pid_t& pid) {
  if (!is_running(pid)) return;
  ::kill(-pid, SIGTERM);
  for (int i = 0; i < 200; ++i) {
    if (!is_running(pid)) return;
    ::usleep(10'000);
  }
  ::kill(-pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  pid = -1;
}

}  // namespace

ProcessResult run_process(const ProcessRequest& request) {
  Pipe out, err, report;
  const InputFile input(request.input);
  SpawnActions actions;
  actions.redirect(input.fd(), 0);
  actions.redirect(out.ends[1], 1);
  actions.redirect(err.ends[1], 2);
  if (request.report) actions.redirect(report.ends[1], 3);
  actions.start_in(request.folder);
  const pid_t pid =
      spawn(request.argv, actions, Group::Own,
            request.only_this_environment ? request.environment : environment_with(request.environment));
  for (Pipe* pipe : {&out, &err, &report}) pipe->close_writer();
  ProcessResult result;
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::duration_cast<Nanoseconds>(request.timeout);
  const std::array<Stream, 3> streams = {
      {{out.ends[0], &result.out}, {err.ends[0], &result.err}, {report.ends[0], &result.report}}};
  const Descriptor child(open_child(pid));
  const StopBell bell(request.stop);
  const Watched watched{request.stop, bell, child};
  Linger end(request.linger, child.fd());
  auto collected = collect(streams, request.most_output, deadline, end, watched);
  if (collected == Collected::All) collected = await_exit(pid, deadline, watched);
  result.timed_out = collected == Collected::Late;
  result.stopped = collected == Collected::Stopped;
  result.flooded = collected == Collected::Flood;
  if (collected != Collected::All) ::kill(-pid, SIGKILL);
  for (const auto& stream : streams)
    if (stream.into->size() > request.most_output) stream.into->resize(request.most_output);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  result.exit_status = status_of(status);
  return result;
}

ProcessResult run_process(const std::vector<std::string>& argv, Seconds timeout) {
  ProcessRequest request;
  request.argv = argv;
  request.timeout = timeout;
  return run_process(request);
}

pid_t start_detached(const DetachedRequest& request) {
  SpawnActions actions;
  actions.open(1, request.output_path.c_str());
  actions.redirect(1, 2);
  return spawn(request.argv, actions, Group::Session, environment_with(request.environment));
}

ChildProcess::ChildProcess(const std::vector<std::string>& argv, const std::string& output_path) {
  SpawnActions actions;
  actions.open(1, output_path.c_str());
  actions.redirect(1, 2);
  pid_ = spawn(argv, actions);
}

ChildProcess::~ChildProcess() {
  stop();
}

bool ChildProcess::running() {
  return is_running(pid_);
}

void ChildProcess::stop() {
  end_group(pid_);
}

PipedProcess::PipedProcess(const std::vector<std::string>& argv) {
  Pipe out, err;
  SpawnActions actions;
  actions.redirect(out.ends[1], 1);
  actions.redirect(err.ends[1], 2);
  pid_ = spawn(argv, actions);
  out_ = std::exchange(out.ends[0], -1);
  err_ = std::exchange(err.ends[0], -1);
  for (const int fd : {out_, err_}) ::fcntl(fd, F_SETFL, O_NONBLOCK);
}

PipedProcess::~PipedProcess() {
  for (const int fd : {out_, err_})
    if (fd >= 0) ::close(fd);
  end_group(pid_);
}

void PipedProcess::wait(Seconds most) const {
  pollfd fd{out_, POLLIN, 0};
  ::poll(&fd, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(most).count()));
}

bool PipedProcess::read(std::string& into) {
  constexpr int kReads = 64;  // 4 MiB at once: a program that floods the pipe does not hold its reader
  std::array<char, 65536> buffer;
  drain_errors();
  for (int i = 0; i < kReads; ++i) {
    const auto n = ::read(out_, buffer.data(), buffer.size());
    if (n > 0)
      into.append(buffer.data(), static_cast<std::size_t>(n));
    else if (n < 0 && (errno == EAGAIN || errno == EINTR))
      return true;
    else
      return !(ended_ = true);
  }
  return true;
}

void PipedProcess::drain_errors() {
  keep_last(err_, errors_);
}

std::string PipedProcess::last_words() {
  // Between the end of its output and its own end there may be a moment.
  int status = 0;
  for (int i = 0; pid_ > 0 && i < (ended_ ? 100 : 1); ++i) {
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      status_ = status_of(status);
    } else if (ended_) {
      ::usleep(1000);
    }
  }
  drain_errors();
  return words_of(errors_, status_);
}

ForegroundProcess::ForegroundProcess(const std::vector<std::string>& argv)
    : pid_(spawn(argv, SpawnActions(SpawnActions::Input::Ours), Group::Ours)) {}

ForegroundProcess::~ForegroundProcess() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void ForegroundProcess::await_end() const {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
}

int ForegroundProcess::reap() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status_of(status);
}

void ForegroundProcess::interrupt() const {
  const int terminal = ::open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
  const bool sent = terminal >= 0 && ::tcgetpgrp(terminal) == ::getpgrp();
  if (terminal >= 0) ::close(terminal);
  if (!sent) ::kill(pid_, SIGINT);
}

}  // namespace ipw
