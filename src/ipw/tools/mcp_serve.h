// SPDX-License-Identifier: Apache-2.0
// An MCP server for a set of tools: over this process's standard streams, and over HTTP.
#pragma once
#include <memory>
#include <stop_token>
#include <string>

#include "ipw/http/server.h"
#include "ipw/tools/tool.h"

namespace ipw::tools::mcp {

/// Serve one client, a message on each line, until its input ends or somebody asks to stop; what is then
/// under way has a second to end. Writes nothing but messages. Throws nothing for what the client does.
void serve_streams(const ToolSet& tools, const ToolContext& context, int in, int out, std::stop_token stop);

struct HttpOptions {
  std::string address = "127.0.0.1";  ///< of the interface to listen at
  int port = 0;                       ///< 0: any free one
};

/// Serve any number of clients at /mcp until destroyed. The tools must outlive it. Throws Error(Unavailable)
/// when the port is taken.
std::unique_ptr<http::Server> serve_http(const ToolSet& tools, const ToolContext& context,
                                         const HttpOptions& options);

}  // namespace ipw::tools::mcp
