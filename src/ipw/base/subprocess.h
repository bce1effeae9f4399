// SPDX-License-Identifier: Apache-2.0
// Run another program (posix_spawn, its own process group), never through a shell.
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/base/clock.h"

namespace ipw {

struct ProcessRequest {
  std::vector<std::string> argv;
  Seconds timeout;
  std::string input;                     ///< standard input
  std::size_t most_output = 256 << 20;   ///< bytes of a stream; its process group is killed at more
  bool report = false;                   ///< it may write to descriptor 3, which is kept apart
  std::string folder;                    ///< it starts in; empty: in ours
  std::vector<std::string> environment;  ///< "NAME=value", in place of what ours has by that name
  bool only_this_environment = false;    ///< nothing of ours besides
  std::stop_token stop;                  ///< ends it, as a time-out does
  /// How long its streams may stay open after its end, in programs that it left in the background; absent:
  /// until they are closed.
  std::optional<Seconds> linger;
};

struct ProcessResult {
  int exit_status = -1;    ///< 128 + signal when it was killed
  bool timed_out = false;  ///< its whole process group was killed
  bool stopped = false;    ///< the same, because it was asked for
  bool flooded = false;    ///< killed for what it printed; the streams hold the first `most_output` bytes
  std::string out, err, report;
};

/// Run a program to its end and keep what it prints. Throws Error(NotFound) when there is no such program,
/// Error(Permission) when it cannot be started. Thread-safe.
ProcessResult run_process(const ProcessRequest& request);
ProcessResult run_process(const std::vector<std::string>& argv, Seconds timeout);

/// A program in the background; its process group gets SIGTERM, then SIGKILL after two seconds, when this
/// goes.
class ChildProcess {
 public:
  /// Start it with standard input from /dev/null and output to a file ("/dev/null" to drop it).
  ChildProcess(const std::vector<std::string>& argv, const std::string& output_path);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  pid_t pid() const { return pid_; }
  bool running();
  void stop();

 private:
  pid_t pid_ = -1;
};

/// A program whose output is read as it comes. Its process group is ended as that of a ChildProcess. One
/// thread at a time.
class PipedProcess {
 public:
  /// Start it with standard input from /dev/null. Throws Error(NotFound) when it cannot be started.
  explicit PipedProcess(const std::vector<std::string>& argv);
  ~PipedProcess();
  PipedProcess(const PipedProcess&) = delete;
  PipedProcess& operator=(const PipedProcess&) = delete;
  /// Wait until there is output, an end of it, or the time is over.
  void wait(Seconds most) const;
  /// Append what has come since the last read, without waiting; false once there is an end of it.
  bool read(std::string& into);
  /// What it wrote to standard error so far, the last 4 KiB, and how it ended when it has.
  std::string last_words();

 private:
  void drain_errors();
  pid_t pid_ = -1;
  int out_ = -1, err_ = -1;
  int status_ = -1;
  bool ended_ = false;
  std::string errors_;
};

/// Write all to a pipe or the like; false when it is not read within the time, or by nobody any more, which
/// raises no SIGPIPE. One thread per descriptor.
bool write_pipe(int fd, std::string_view bytes, Seconds most);

struct DialogRequest {
  std::vector<std::string> argv;
  std::string folder;                    ///< it starts in; empty: in ours
  std::vector<std::string> environment;  ///< "NAME=value"
  bool only_this_environment = false;    ///< nothing of ours besides
};

/// A program that is written to and read from for as long as it lives. When this goes, its input is closed;
/// if that does not end it within two seconds, its process group is ended as that of a ChildProcess. What
/// its group has left behind is killed in any case.
class DialogProcess {
 public:
  /// Throws as run_process() does.
  explicit DialogProcess(const DialogRequest& request);
  ~DialogProcess();
  DialogProcess(const DialogProcess&) = delete;
  DialogProcess& operator=(const DialogProcess&) = delete;
  /// Write all of it; false when the program does not read it within the time, or no longer. One thread.
  bool write(std::string_view bytes, Seconds most) const;
  /// End its standard input; not while another thread writes.
  void close_input();
  /// Wait for output up to a time and append it, 1 MiB at most; false once there is an end of it. One thread,
  /// beside the one that writes.
  bool read(std::string& into, Seconds most);
  /// What it wrote to standard error so far, the last 4 KiB, and how it ended when it has. The thread that
  /// reads.
  std::string last_words();

 private:
  bool ended(Seconds within);
  pid_t pid_ = -1;
  int in_ = -1, out_ = -1, err_ = -1;
  int status_ = -1;
  std::string errors_;
};

struct DetachedRequest {
  std::vector<std::string> argv;
  std::vector<std::string> environment;  ///< "NAME=value", in place of what ours has by that name
  std::string output_path;               ///< what it prints, appended
};

/// Start a program that outlives this one: in a session of its own, with standard input from /dev/null. Gives
/// its process id, which is also that of its process group. While this program runs it is the parent and has
/// to wait for its end. Throws as run_process() does.
pid_t start_detached(const DetachedRequest& request);

/// A program with the standard streams, the terminal and the process group of this one, as a shell's
/// foreground job has.
class ForegroundProcess {
 public:
  /// Throws Error(NotFound) when there is no such program, Error(Permission) when it cannot be run.
  explicit ForegroundProcess(const std::vector<std::string>& argv);
  /// Kills it if nobody has waited for its end.
  ~ForegroundProcess();
  ForegroundProcess(const ForegroundProcess&) = delete;
  ForegroundProcess& operator=(const ForegroundProcess&) = delete;
  /// Return when it has ended; it stays a zombie, so that its number is nobody else's.
  void await_end() const;
  /// Its exit status once it has ended, 128 + signal when it was killed.
  int reap();
  /// Pass an interrupt on. Does nothing where the terminal has sent it already: to the whole group in its
  /// foreground. Thread-safe until reap().
  void interrupt() const;

 private:
  pid_t pid_ = -1;
};

}  // namespace ipw
