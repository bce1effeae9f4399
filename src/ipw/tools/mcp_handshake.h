// SPDX-License-Identifier: Apache-2.0
// How a client finds out which revision a server speaks.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "ipw/tools/mcp_channel.h"

namespace ipw::tools::mcp {

/// OldHttp is tried where a server refuses what is sent by HTTP.
enum class Transport { Usual, OldHttp };
using OpenChannel = std::function<std::unique_ptr<Channel>(Transport)>;

struct Agreed {
  std::unique_ptr<Channel> channel;
  ServerInfo info;
};

/// Ask for the modern era first and fall back on a handshake, as the specification of 2026-07-28 describes
/// under "Backward Compatibility"; a version that is given is the only one. Throws Error.
Agreed shake_hands(const OpenChannel& open, const std::string& version, const Patience& patience);

/// A request's parameters as the revision wants them: modern ones say who asks, and by which revision.
std::string params_for(const std::string& version, const std::string& params);

}  // namespace ipw::tools::mcp
