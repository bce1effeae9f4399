// SPDX-License-Identifier: Apache-2.0
// The calls that clients of an MCP server have asked for, several at once.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>

#include "ipw/tools/mcp_server.h"
#include "ipw/tools/tool.h"

namespace ipw::tools::mcp {

/// What comes of a message or a batch.
struct PacketReply {
  std::string text;  ///< empty: there is nothing to say
  int fault = 0;     ///< code of the error when that is the whole reply
};

/// Runs calls on threads of its own, at most sixteen at once; further ones wait. Thread-safe.
class Calls {
 public:
  explicit Calls(ToolContext context);
  ~Calls();
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;

  /// Let the session take a packet. `done` gets the one reply, now or later and perhaps on another thread; a
  /// call that was cancelled adds nothing to it. `scope` tells apart the ids of different clients.
  void handle(ServerSession& session, const std::string& scope, const Packet& packet, std::stop_token gone,
              std::function<void(PacketReply)> done);
  /// Wait until nothing is under way, for a time at most.
  void finish(Seconds most);
  /// Ask the calls under way to stop and wait for them; later ones are settled without a reply.
  void close();

 private:
  class Pending;
  class Pool;
  void start(const std::string& key, ServerCall call, std::size_t slot, std::shared_ptr<Pending> pending,
             const std::stop_token& gone);
  void run(const ServerCall& call, std::size_t slot, Pending& pending, const std::stop_source& stop);
  void cancel(const std::string& key);

  ToolContext context_;
  std::mutex mutex_;
  std::multimap<std::string, std::stop_source> under_way_;  // guarded by mutex_
  bool closed_ = false;                                     // guarded by mutex_
  std::unique_ptr<Pool> pool_;
};

}  // namespace ipw::tools::mcp
