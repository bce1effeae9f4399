// SPDX-License-Identifier: Apache-2.0
// The sampler's side of helper.h.
#include "ipw/telemetry/helper.h"

#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "ipw/base/error.h"
#include "ipw/base/log.h"
#include "ipw/telemetry/helper_frames.h"
#include "ipw/telemetry/recording.h"

namespace ipw::telemetry {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A library may take long to start.
constexpr milliseconds kPatienceAtStart{10'000}, kPatienceAtFirst{2'000};
/// An answer is waited for no longer than this; goal F6 wants a stale domain told within 250 ms.
constexpr milliseconds kPatience{150}, kPatienceWhenLate{10};
constexpr seconds kKillAfter{10}, kProven{30};
constexpr Nanoseconds kFirstPause = milliseconds(200), kLongestPause = seconds(30);

/// A child process at the other end of a socket that is its input and its output.
class Child {
 public:
  explicit Child(const std::vector<std::string>& command);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool ask() { return ::send(socket_, "p", 1, MSG_NOSIGNAL) == 1; }
  /// The next frame, or nothing when none came in time or the child has gone: see gone().
  std::optional<Frame> next(milliseconds patience);
  bool gone() const { return gone_; }
  /// End it, by force if it has not ended by itself, and say how it ended.
  std::string end();

 private:
  pid_t pid_ = -1;
  int socket_ = -1;
  bool gone_ = false, ended_ = false;
  std::string buffer_;
};

pid_t spawn(const std::vector<std::string>& command, int socket) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, socket, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, socket, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, argv[0], &files, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  return error == 0 ? pid : -1;
}

Child::Child(const std::vector<std::string>& command) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    throw Error(ErrorCode::Unavailable,
                fmt::format("no socket for a helper process: {}", std::strerror(errno)));
  }
  socket_ = ends[0];
  pid_ = spawn(command, ends[1]);
  ::close(ends[1]);
  if (pid_ > 0) return;
  ::close(socket_);
  throw Error(ErrorCode::Unavailable,
              fmt::format("the helper process '{}' cannot be started", command.front()));
}

Child::~Child() {
  end();
  ::close(socket_);
}

std::optional<Frame> Child::next(milliseconds patience) {
  for (;;) {
    if (auto frame = take_frame(buffer_)) return frame;
    pollfd from{socket_, POLLIN, 0};
    if (::poll(&from, 1, static_cast<int>(patience.count())) <= 0) return std::nullopt;
    char bytes[4096];
    const ssize_t n = ::read(socket_, bytes, sizeof bytes);
    gone_ = n <= 0;
    if (gone_) return std::nullopt;
    buffer_.append(bytes, static_cast<std::size_t>(n));
  }
}

std::string Child::end() {
  if (std::exchange(ended_, true)) return "has ended";
  int status = 0;
  const auto ended = [&](int tries) {
    for (; tries > 0; --tries) {
      if (::waitpid(pid_, &status, WNOHANG) != 0) return true;
      ::poll(nullptr, 0, 2);
    }
    return false;
  };
  // What hangs in a driver may not even die; then it is left behind.
  if (!ended(gone_ ? 50 : 1)) {
    ::kill(pid_, SIGKILL);
    return ended(50) ? "had to be killed" : "hangs and cannot be killed";
  }
  if (WIFSIGNALED(status))
    return fmt::format("was ended by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  return fmt::format("ended with status {}", WEXITSTATUS(status));
}

class Isolated final : public Collector {
 public:
  Isolated(std::vector<std::string> command, std::string name)
      : command_(std::move(command)), name_(std::move(name)) {
    start();
    auto frame = child_->next(kPatienceAtStart);
    if (frame && frame->kind == Frame::Kind::Machine) {
      machine_ = decode_machine(frame->content);
      frame = child_->next(kPatienceAtStart);
    }
    if (frame && frame->kind == Frame::Kind::Domains) {
      learn(frame->content);
      return;
    }
    if (frame && frame->kind == Frame::Kind::Failed) throw decode_error(frame->content);
    throw Error(ErrorCode::Unavailable, child_->gone() ? "its helper process " + child_->end()
                                                       : "its helper process does not answer");
  }

  const std::vector<Domain>& domains() const override { return domains_; }

  void poll(Clock& clock, Sample& sample) override {
    const Instant now = clock.now();
    if (!started_) started_ = now;
    try {
      if (!child_ && !restart(now, sample)) return;
      if (!std::exchange(asked_, asked_.value_or(now)) && !child_->ask()) return lose(now, sample);
      receive(now, sample);
    } catch (const Error& e) {
      fail(now, e.what(), sample);
    }
  }

  double cpu_seconds_elsewhere() const override { return cpu_before_ + cpu_; }

  // As add_accelerators(): the vendor that was there first keeps its place.
  void describe(records::MachineInfo& machine) const override {
    if (machine.gpu_name || !machine_.gpu_name) return;
    machine.gpu_name = machine_.gpu_name;
    machine.gpu_vendor = machine_.gpu_vendor;
    machine.gpu_backend = machine_.gpu_backend;
    machine.gpu_count = machine_.gpu_count;
    machine.gpu_driver = machine_.gpu_driver;
  }

 private:
  void start() {
    child_ = std::make_unique<Child>(command_);
    asked_.reset();
    index_.clear();
  }

  void receive(Instant now, Sample& sample) {
    // After a restart the domains come before the first sample. Who is late already is not waited for again.
    const milliseconds patience = !answered_       ? kPatienceAtFirst
                                  : now == *asked_ ? kPatience
                                                   : kPatienceWhenLate;
    while (const auto frame = child_->next(patience)) {
      if (frame->kind == Frame::Kind::Failed) return fail(now, decode_error(frame->content).what(), sample);
      if (frame->kind == Frame::Kind::Domains) learn(frame->content);
      if (frame->kind != Frame::Kind::Sample) continue;
      answered_ = true;
      asked_.reset();
      return take(decode_sample(frame->content, cpu_), sample);
    }
    if (child_->gone()) return lose(now, sample);
    silence(fmt::format("the helper process of {} has not answered for {:.2f} s", name_,
                        to_seconds(now - *asked_) + to_seconds(kPatience)),
            Cause::Stale, sample);
    if (now - *asked_ > kKillAfter) lose(now, sample);
  }

  void take(Sample own, Sample& sample) const {
    const auto known = [&](auto& item) {
      if (item.domain == GaugeReading::kMachine) return true;
      if (item.domain >= index_.size()) return false;
      item.domain = index_[item.domain];
      return true;
    };
    for (auto& reading : own.readings)
      if (known(reading)) sample.readings.push_back(reading);
    for (auto& gauge : own.gauges)
      if (known(gauge)) sample.gauges.push_back(gauge);
    for (auto& silent : own.silent)
      if (known(silent)) sample.silent.push_back(std::move(silent));
  }

  // The domains of a child that came after another one may have another order.
  void learn(const std::string& header) {
    const auto told = parse_header(header);
    index_.clear();
    for (const Domain& domain : told) {
      const auto known = std::ranges::find(domains_, domain.name, &Domain::name);
      index_.push_back(static_cast<std::uint32_t>(known - domains_.begin()));
      if (known == domains_.end()) domains_.push_back(domain);
    }
  }

  void lose(Instant now, Sample& sample) {
    const std::string how = child_->end();
    fail(now, "its helper process " + how + "; it is started again", sample);
  }

  void fail(Instant now, const std::string& cause, Sample& sample) {
    if (now - *started_ > kProven) pause_ = kFirstPause;
    child_.reset();
    cpu_before_ += std::exchange(cpu_, 0);
    restart_ = now + pause_;
    pause_ = std::min(2 * pause_, kLongestPause);
    cause_ = fmt::format("{}: {}", name_, cause);
    log::warning("{}", cause_);
    silence(cause_, Cause::Lost, sample);
  }

  bool restart(Instant now, Sample& sample) {
    if (now < restart_) {
      silence(cause_, Cause::Lost, sample);
      return false;
    }
    started_ = now;
    start();
    return true;
  }

  void silence(const std::string& reason, Cause cause, Sample& sample) const {
    for (std::uint32_t i = 0; i < domains_.size(); ++i) {
      const bool told = std::ranges::any_of(sample.silent, [&](const Silence& s) { return s.domain == i; });
      if (!told) sample.silent.push_back({i, reason, cause});
    }
  }

  const std::vector<std::string> command_;
  const std::string name_;
  std::vector<Domain> domains_;
  records::MachineInfo machine_;
  bool answered_ = false;  ///< once: its first poll, which may be slow, is over
  std::unique_ptr<Child> child_;
  std::vector<std::uint32_t> index_;  ///< the child's index of a domain -> ours
  std::optional<Instant> asked_;      ///< an answer is awaited since then
  std::optional<Instant> started_;
  Instant restart_{};
  Nanoseconds pause_ = kFirstPause;
  std::string cause_;
  double cpu_ = 0, cpu_before_ = 0;
};

}  // namespace

std::unique_ptr<Collector> make_isolated(const std::vector<std::string>& command, const std::string& name,
                                         const CollectorOptions& options) {
  std::vector<std::string> whole = command;
  for (const std::string& word : {std::string(kHelperWord), name, encode_options(options)})
    whole.push_back(word);
  return std::make_unique<Isolated>(std::move(whole), name);
}

}  // namespace ipw::telemetry
