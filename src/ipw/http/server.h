// SPDX-License-Identifier: Apache-2.0
// A small HTTP/1.1 server for test hubs, fake inference servers and ipw-sim. Boost.Beast stays in server.cpp.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "ipw/base/clock.h"
#include "ipw/http/session.h"

namespace ipw::http {

struct ServerRequest {
  std::string method, target;  ///< target with its query
  Headers headers;
  std::string body;
};

/// Pull the next piece of a streamed body: the text and how long to wait before sending it; empty text ends
/// it.
struct Piece {
  std::string bytes;
  Nanoseconds delay{0};
  bool abort = false;  ///< close the connection without ending the body
};

struct ServerResponse {
  int status = 200;
  Headers headers;   ///< Content-Type and others; Content-Length is set by the server unless given
  std::string body;  ///< used when `stream` is empty
  /// Sent with chunked transfer encoding, or as it is when `headers` hold a Content-Length.
  std::function<Piece()> stream;
};

using Handler = std::function<ServerResponse(const ServerRequest&)>;

/// Serve on 127.0.0.1 from its own thread until destroyed. The handler and the streams run on that thread, so
/// they need no locks among themselves and must not block. A handler that throws gives status 500.
class Server {
 public:
  virtual ~Server() = default;
  virtual int port() const = 0;
};

/// Listen; port 0 picks a free one. Throws Error(Unavailable) when the port is taken.
std::unique_ptr<Server> serve(Handler handler, int port = 0);

}  // namespace ipw::http
