// SPDX-License-Identifier: Apache-2.0
// What an MCP server says, of either era, apart from how its messages travel.
#pragma once
#include <optional>
#include <string>

#include "ipw/tools/mcp_message.h"
#include "ipw/tools/tool.h"

namespace ipw::tools::mcp {

/// A tool is to be called.
struct ServerCall {
  std::string id;  ///< of the request
  const Tool* tool = nullptr;
  std::string arguments;
  bool modern = false;
};

/// What a message leads to.
struct ServerStep {
  std::string reply;               ///< a line to be sent at once; empty: none
  std::optional<ServerCall> call;  ///< to be made; its line is reply_to()
  std::string cancels;             ///< id of a call whose answer nobody waits for any more
  int fault = 0;                   ///< code of the error in `reply`
};

/// One client from its first message to its last. One thread at a time; the tools must outlive it.
class ServerSession {
 public:
  explicit ServerSession(const ToolSet& tools) : tools_(tools) {}
  ServerStep take(const Message& message);
  /// What a handshake has agreed on; empty before one. Modern requests need none.
  const std::string& version() const { return version_; }
  /// Only the two oldest revisions have batches.
  bool takes_batches() const { return version_ == kLegacyVersions[0] || version_ == kLegacyVersions[1]; }

 private:
  ServerStep request(const Message& message);
  ServerStep initialize(const Message& message);
  ServerStep serve(const Message& message, bool modern) const;
  ServerStep list(const Message& message, bool modern) const;
  ServerStep call(const Message& message, bool modern) const;
  const ToolSet& tools_;
  std::string version_;
};

std::string reply_to(const ServerCall& call, const ToolResult& result);

/// The revision that a request names in its `_meta`; empty where there is none.
std::string version_of(const Message& request);

}  // namespace ipw::tools::mcp
