// SPDX-License-Identifier: Apache-2.0
// Which process a number means: numbers are given again, a number with the time of its start is not.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace ipw::servers {

struct ProcessIdentity {
  pid_t pid = -1;
  std::uint64_t start_ticks = 0;  ///< since boot, field 22 of /proc/PID/stat
  std::string boot_id;
  bool operator==(const ProcessIdentity&) const = default;
};

/// Looks below `root` (/proc, or a folder of files in tests).
class ProcessTable {
 public:
  explicit ProcessTable(std::filesystem::path root = "/proc") : root_(std::move(root)) {}
  /// Absent when there is no such process, or only what is left of one that has ended.
  std::optional<ProcessIdentity> identify(pid_t pid) const;
  /// Whether that very process still runs.
  bool runs(const ProcessIdentity& process) const { return identify(process.pid) == process; }
  std::string boot_id() const;

 private:
  std::filesystem::path root_;
};

}  // namespace ipw::servers
