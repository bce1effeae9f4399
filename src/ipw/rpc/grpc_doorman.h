// SPDX-License-Identifier: Apache-2.0
// Who asks, and what that peer may have.
#pragma once
#include <grpcpp/grpcpp.h>
#include <sys/types.h>

#include <map>
#include <mutex>
#include <string>

namespace ipw::rpc {

struct Peer {
  bool admitted = false;
  bool privileged = false;  ///< may have series finer than 50 ms
};

/// Knows the token and the users of the socket's connections. Thread-safe.
class Doorman {
 public:
  explicit Doorman(std::string token) : token_(std::move(token)) {}

  /// A connection of the socket, by its descriptor.
  void note_user(int descriptor, uid_t user);
  /// A peer with the token is privileged, and so are root and we on the socket. Without it a TCP peer is
  /// admitted where there is no token.
  Peer judge(const grpc::ServerContextBase& context) const;

 private:
  const std::string token_;
  mutable std::mutex mutex_;
  std::map<int, uid_t> users_;
};

inline grpc::Status not_admitted() {
  return {grpc::StatusCode::UNAUTHENTICATED, "this monitor wants a token: --monitor-token FILE"};
}

}  // namespace ipw::rpc
