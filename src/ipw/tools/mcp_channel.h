// SPDX-License-Identifier: Apache-2.0
// How an MCP client's questions reach a server, and how the answers come back.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "ipw/http/session.h"
#include "ipw/tools/mcp_client.h"
#include "ipw/tools/mcp_message.h"
#include "ipw/tools/patience.h"

namespace ipw::tools::mcp {

/// A request; the channel gives it its id.
struct Ask {
  std::string method;
  std::string params = "{}";  ///< JSON text of an object
  std::string name;           ///< of the tool, where there is one
  http::Headers headers;      ///< further ones, over HTTP
};

enum class Trouble {
  None,
  Late,      ///< nothing within the time
  Stopped,   ///< the caller asked to
  Unsent,    ///< the server has not got it, so that it may be sent again
  Lost,      ///< the server went away before it answered
  Expired,   ///< the server has forgotten the session, and has done nothing
  Refused,   ///< an HTTP status, and no message
  Nonsense,  ///< what came is no answer
};

struct Answer {
  Trouble trouble = Trouble::None;
  std::string why;  ///< of a trouble
  Message message;  ///< a Result or an Error, without trouble
};

/// Thread-safe. Answers what the server asks meanwhile: a ping, and that it can do nothing else.
class Channel {
 public:
  virtual ~Channel() = default;
  /// Ask and wait; a request that is given up is cancelled.
  virtual Answer ask(const Ask& ask, const Patience& patience) = 0;
  virtual void tell(const std::string& method, const std::string& params) = 0;
  /// The revision that holds from now on.
  virtual void agree(const std::string& version) = 0;
};

using OnNotification = std::function<void(std::string_view method)>;

/// Start the program. Throws Error when it cannot be started.
std::unique_ptr<Channel> open_stdio_channel(const ServerSpec& spec, OnNotification on_notification);
/// Nothing is sent yet.
std::unique_ptr<Channel> open_http_channel(const ServerSpec& spec, OnNotification on_notification);
/// HTTP as revision 2024-11-05 has it, with one stream of events from the server.
std::unique_ptr<Channel> open_sse_channel(const ServerSpec& spec, OnNotification on_notification);

}  // namespace ipw::tools::mcp
