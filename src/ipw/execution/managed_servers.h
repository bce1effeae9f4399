// SPDX-License-Identifier: Apache-2.0
// The servers of one run: started before it, stopped after it, however it ends.
#pragma once
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "ipw/execution/profile.h"
#include "ipw/execution/sub_models.h"
#include "ipw/servers/server_process.h"

namespace ipw::execution {

/// The host that keeps its ledger in the user's state folder.
servers::ServerHost server_host(const Surroundings& around);

/// Let an engine that takes files have the file of its model, fetched if need be. Throws Error.
void find_model_file(servers::ServerSpec& spec, const Surroundings& around, const servers::Tell& tell);

/// A server as results.json tells of it.
struct ServerUse {
  std::string alias, engine, model, base_url;
  bool reused = false;  ///< it ran before, and goes on
};

class ManagedServers {
 public:
  ManagedServers(const Surroundings& around, Observer& observer);
  /// Stops those that were started, the last one first.
  ~ManagedServers();
  ManagedServers(const ManagedServers&) = delete;
  ManagedServers& operator=(const ManagedServers&) = delete;

  /// Start them one after another, each answering before the next: two that load at once would each take the
  /// memory that the other wants. Throws Error as ServerHost::start() does.
  void start(std::span<const PlannedServer> planned, Seconds wait_for_each, const std::stop_token& stop);

  const std::vector<ServerUse>& uses() const { return uses_; }

 private:
  const Surroundings& around_;
  Observer& observer_;
  servers::ServerHost host_;
  std::vector<servers::ServerEntry> started_;
  std::vector<ServerUse> uses_;
};

}  // namespace ipw::execution
