// SPDX-License-Identifier: Apache-2.0
// Run another program (posix_spawn, its own process group), never through a shell.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "ipw/base/clock.h"

namespace ipw {

struct ProcessResult {
  int exit_status = -1;    ///< 128 + signal when it was killed
  bool timed_out = false;  ///< its whole process group was killed
  std::string out, err;
};

/// Run a program to its end and keep what it prints. Throws Error(NotFound) when there is no such program,
/// Error(Permission) when it cannot be started.
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
