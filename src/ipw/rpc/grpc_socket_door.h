// SPDX-License-Identifier: Apache-2.0
// The monitor's Unix socket. We accept by ourselves, since gRPC does not tell who is at the other end.
#pragma once
#include <grpcpp/server.h>

#include <string>
#include <thread>

#include "ipw/rpc/grpc_doorman.h"

namespace ipw::rpc {

/// Listens from its construction on, accepts from open() on, until it goes.
class SocketDoor {
 public:
  /// Throws Error(Unavailable).
  explicit SocketDoor(const std::string& path);
  ~SocketDoor();
  SocketDoor(const SocketDoor&) = delete;
  SocketDoor& operator=(const SocketDoor&) = delete;
  /// Hand connections to a server that outlives this.
  void open(grpc::Server& server, Doorman& doorman);

 private:
  int listener_ = -1;
  std::jthread acceptor_;
};

}  // namespace ipw::rpc
