// SPDX-License-Identifier: Apache-2.0
// Where code runs that a model has written: without network, without the files of this machine, under limits.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/base/clock.h"
#include "ipw/base/registry.h"

namespace ipw::sandbox {

struct Limits {
  Seconds wall{10};
  std::uint64_t memory_bytes = std::uint64_t{1} << 30;  ///< of the address space of each process
  std::uint64_t disk_bytes = std::uint64_t{64} << 20;   ///< of the working folder, which lies in memory
  std::uint64_t output_bytes = std::uint64_t{1} << 20;  ///< of standard output and of standard error
  int processes = 32;                                   ///< threads count as well
};

/// A command and the files it finds in the read-only folder /program. It starts in /scratch, an empty folder.
struct Job {
  std::vector<std::string> argv;
  std::map<std::string, std::string> files;  ///< plain names and contents
  std::string input;                         ///< standard input
  Limits limits;
};

/// How it ended. `error`: the sandbox itself failed, which says nothing about the program.
struct JobEnd {
  std::optional<int> exit_status;  ///< absent when a signal or a limit ended it
  std::string output, errors;
  std::string limit;  ///< "wall" or "output" when that ended it
  std::string error;
};

/// Run jobs. Thread-safe; nothing of a job is left behind when run() returns.
class Sandbox {
 public:
  virtual ~Sandbox() = default;
  /// Throws Error(Usage) for a file name that is not plain; everything else is in the end of the job.
  virtual JobEnd run(const Job& job) const = 0;
};

/// make() throws Error(Unavailable) with what to do where the sandbox cannot work on this machine.
using SandboxEntry = Entry<Sandbox>;
/// The registry: sandboxes.cpp.
std::span<const SandboxEntry> sandboxes();

/// Make the first of the registry that works on this machine. Throws Error(Unavailable) with the reasons of
/// all and what to do.
std::unique_ptr<Sandbox> first_sandbox_that_works();

}  // namespace ipw::sandbox
