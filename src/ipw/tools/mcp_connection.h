// SPDX-License-Identifier: Apache-2.0
// A channel that is opened again when the server has gone.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "ipw/tools/mcp_handshake.h"

namespace ipw::tools::mcp {

using OpenWith = std::function<std::unique_ptr<Channel>(const ServerSpec&, Transport, OnNotification)>;

/// A program or an address, as the spec says.
std::unique_ptr<Channel> open_channel(const ServerSpec& spec, Transport transport,
                                      OnNotification on_notification);

/// connect() over channels of one's own, for tests.
std::unique_ptr<Client> connect_with(OpenWith open, const ServerSpec& spec, std::stop_token stop = {});

/// Thread-safe.
class Connection {
 public:
  Connection(OpenWith open, ServerSpec spec);
  void connect(const Patience& patience);
  /// Ask; when the server has gone, connect again, once, and ask again what it cannot have acted upon, or
  /// what may be repeated. Throws Error when it cannot be connected to again.
  Answer ask(const Ask& ask, const Patience& patience, bool repeatable);
  std::string name() const;
  ServerInfo info() const;
  bool is_http() const { return !spec_.url.empty(); }
  void tools_are_listed() { changed_ = false; }

 private:
  /// The channel, and the revision that holds on it.
  std::pair<std::shared_ptr<Channel>, std::string> current() const;
  void reconnect(const std::shared_ptr<Channel>& failed, const Patience& patience);

  const OpenWith open_;
  const ServerSpec spec_;
  std::mutex connecting_;
  mutable std::mutex mutex_;
  ServerInfo info_;  // guarded by mutex_
  std::atomic<bool> changed_ = false;
  std::shared_ptr<Channel> channel_;  // guarded by mutex_; the first to go: it tells the rest
};

}  // namespace ipw::tools::mcp
