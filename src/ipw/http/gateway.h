// SPDX-License-Identifier: Apache-2.0
// A server whose replies come from other servers: one thread serves its clients and drives the transfers
// behind them, so that a piece goes on the moment it has arrived.
#pragma once
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "ipw/http/server.h"
#include "ipw/http/session.h"

namespace ipw::http {

/// The reply to one request, sent piece by piece: head, any number of pieces, then end or abort. For the
/// gateway's thread only. What is sent after the client has gone is dropped.
class Reply {
 public:
  virtual ~Reply() = default;
  /// Without a Content-Length the body is chunked.
  virtual void head(int status, const Headers& headers) = 0;
  virtual void write(std::string_view bytes) = 0;
  virtual void end() = 0;
  /// Close the connection without ending the body, so that the client sees that something is missing.
  virtual void abort() = 0;
  /// Asked to stop when the client hangs up before the end.
  virtual std::stop_token gone() const = 0;
};

/// Take a request on the gateway's thread and return at once; the reply is given from the callbacks of
/// transfers that it starts on the session. A reply that is let go of without an end is aborted.
using GatewayHandler =
    std::function<void(ServerRequest request, std::shared_ptr<Reply> reply, Session& session)>;

struct GatewayOptions {
  std::string address = "127.0.0.1";  ///< of the interface to listen at
  int port = 0;                       ///< 0: any free one
};

class GatewayServer : public Server {
 public:
  /// Serve what comes to another listening TCP socket too, also one of another network namespace, until it is
  /// let go of or the gateway goes. It is the gateway's from now on. Thread-safe.
  virtual int adopt(int listening_socket) = 0;
  /// Close the socket of this token; connections that it has brought go on. Thread-safe.
  virtual void let_go(int token) = 0;
};

/// Listen until destroyed; what is in flight is then aborted. Throws Error(Unavailable) when the address or
/// port cannot be had.
std::unique_ptr<GatewayServer> serve_gateway(GatewayHandler handler, const GatewayOptions& options = {});

}  // namespace ipw::http
