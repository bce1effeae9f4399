// SPDX-License-Identifier: Apache-2.0
// Tools of servers that speak the Model Context Protocol: programs on this machine, and servers over HTTP.
#pragma once
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/base/clock.h"
#include "ipw/http/session.h"
#include "ipw/tools/tool.h"

namespace ipw::tools::mcp {

/// Where a server is. Either a program or an address.
struct ServerSpec {
  std::string name;                      ///< in messages; empty: the program or the address
  std::vector<std::string> argv;         ///< runs on this machine with the rights of this process
  std::vector<std::string> environment;  ///< "NAME=value"; of ours it has PATH, HOME and the like alone
  std::string folder;                    ///< it starts in; empty: in ours
  std::string url;                       ///< http:// or https://
  http::Headers headers;                 ///< sent with each request, such as Authorization
  std::string version;                   ///< of the protocol; empty: the newest that both speak
  Seconds start{30};                     ///< for the first exchange
};

/// Read what a user writes: an address, a JSON object {"command", "args", "env", "cwd"} or {"url",
/// "headers"}, or a command line, in whose words '...' and "..." keep blanks. Throws Error(Usage).
ServerSpec parse_server(std::string_view text);

struct ServerInfo {
  std::string name, version;        ///< as it calls itself; may be empty
  std::string protocol;             ///< revision agreed on
  std::string instructions;         ///< for the model; may be empty
  bool tools_have_changed = false;  ///< since they were listed, as far as it said so
};

/// A connection to one server. Thread-safe.
class Client {
 public:
  virtual ~Client() = default;
  /// Ask for the tools, all pages. They keep the connection, may be called from many threads at once, and
  /// connect again, once per call, when the server has gone. A name that models cannot write has other
  /// characters replaced by '_'. Throws Error when the server fails or lists what is no set of tools.
  virtual ToolSet tools() = 0;
  virtual ServerInfo info() const = 0;
};

/// Connect and agree on a revision. Throws Error with what the server did, and what it wrote to its standard
/// error.
std::unique_ptr<Client> connect(const ServerSpec& spec, std::stop_token stop = {});

}  // namespace ipw::tools::mcp
