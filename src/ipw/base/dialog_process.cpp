// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "ipw/base/spawn.h"
#include "ipw/base/subprocess.h"

namespace ipw {

using namespace spawning;

namespace {

/// While it lives, writing to a pipe that nobody reads fails and does not end this process.
class SigpipeBlock {
 public:
  SigpipeBlock() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~SigpipeBlock() {
    const timespec at_once{};
    if (!sigismember(&before_, SIGPIPE)) ::sigtimedwait(&pipe_, nullptr, &at_once);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  SigpipeBlock(const SigpipeBlock&) = delete;
  SigpipeBlock& operator=(const SigpipeBlock&) = delete;

 private:
  sigset_t pipe_{}, before_{};
};

}  // namespace

bool write_pipe(int fd, std::string_view bytes, Seconds most) {
  constexpr std::size_t kPiece = 4096;  // PIPE_BUF: no more is sure not to block once there is room
  const SigpipeBlock block;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration_cast<Nanoseconds>(most);
  while (fd >= 0 && !bytes.empty()) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd ready{fd, POLLOUT, 0};
    if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) == 0) return false;
    const auto n = ::write(fd, bytes.data(), std::min(kPiece, bytes.size()));
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
    if (n < 0 && errno != EINTR && errno != EAGAIN) return false;
  }
  return bytes.empty();
}

DialogProcess::DialogProcess(const DialogRequest& request) {
  Pipe in, out, err;
  SpawnActions actions;
  actions.redirect(in.ends[0], 0);
  actions.redirect(out.ends[1], 1);
  actions.redirect(err.ends[1], 2);
  actions.start_in(request.folder);
  pid_ = spawn(request.argv, actions, Group::Own,
               request.only_this_environment ? request.environment : environment_with(request.environment));
  in_ = std::exchange(in.ends[1], -1);
  out_ = std::exchange(out.ends[0], -1);
  err_ = std::exchange(err.ends[0], -1);
  for (const int fd : {in_, out_, err_}) ::fcntl(fd, F_SETFL, O_NONBLOCK);
}

DialogProcess::~DialogProcess() {
  constexpr Seconds kGrace{2};
  close_input();
  if (!ended(kGrace)) {
    ::kill(-pid_, SIGTERM);
    if (!ended(kGrace)) ::kill(-pid_, SIGKILL);
    while (!ended(kGrace)) {
    }
  }
  for (const int fd : {out_, err_})
    if (fd >= 0) ::close(fd);
}

bool DialogProcess::write(std::string_view bytes, Seconds most) const {
  return write_pipe(in_, bytes, most);
}

void DialogProcess::close_input() {
  if (in_ >= 0) ::close(std::exchange(in_, -1));
}

bool DialogProcess::read(std::string& into, Seconds most) {
  constexpr int kReads = 16;
  std::array<pollfd, 2> ready = {{{out_, POLLIN, 0}, {err_, POLLIN, 0}}};
  const auto wait = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(most).count());
  // What it has started may hold its output open when it is gone.
  if (::poll(ready.data(), ready.size(), wait) == 0) return !ended(Seconds(0));
  if (ready[1].revents != 0 && !keep_last(err_, errors_)) ::close(std::exchange(err_, -1));
  for (int i = 0; ready[0].revents != 0 && i < kReads; ++i) {
    errno = 0;
    if (!drain(out_, into)) return errno == EAGAIN;
  }
  return true;
}

std::string DialogProcess::last_words() {
  ended(Seconds(0.1));  // between the end of its output and its own end there may be a moment
  if (err_ >= 0) keep_last(err_, errors_);
  return words_of(errors_, status_);
}

bool DialogProcess::ended(Seconds within) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration_cast<Nanoseconds>(within);
  for (; pid_ > 0; ::usleep(2000)) {
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
    if (info.si_pid == pid_) break;
    if (std::chrono::steady_clock::now() >= deadline) return false;
  }
  if (pid_ < 0) return true;
  ::kill(-pid_, SIGKILL);  // what it has left behind, while its number is still its own
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  status_ = status_of(status);
  return true;
}

}  // namespace ipw
