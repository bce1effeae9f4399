// SPDX-License-Identifier: Apache-2.0
// Which servers are ours: one file for each that we have started. Only what stands here is ever stopped.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ipw/servers/process_identity.h"

namespace ipw::servers {

struct ServerEntry {
  std::string engine, model, host;
  int port = 0;
  ProcessIdentity process;
  std::int64_t started_unix = 0;       ///< seconds
  std::string log;                     ///< file of what it prints
  std::vector<std::string> argv;       ///< without secrets
  std::optional<ProcessIdentity> run;  ///< the `ipw` that stops it at the end of its run, where there is one
};

/// A folder of entries. Machines that share a home have a folder each, as process numbers are a machine's
/// own. One thread at a time; several programs may use it at once.
class ServerLedger {
 public:
  /// `folder`: of all machines; made when first written to.
  ServerLedger(const std::filesystem::path& folder, ProcessTable processes);

  struct Found {
    std::vector<ServerEntry> running;
    std::vector<std::string> dropped;  ///< a line for each that was removed, and why
  };
  /// Read the entries, sorted by port, and remove those whose process is gone or that are none.
  Found read() const;

  void add(const ServerEntry& entry) const;
  void remove(const ServerEntry& entry) const;

  const ProcessTable& processes() const { return processes_; }
  /// Where a server's output goes; makes the folder.
  std::filesystem::path log_path(const std::string& engine, int port) const;

 private:
  std::filesystem::path path_of(const ServerEntry& entry) const;
  std::filesystem::path folder_;
  ProcessTable processes_;
};

}  // namespace ipw::servers
