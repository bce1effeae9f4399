// SPDX-License-Identifier: Apache-2.0
#include "ipw/rpc/grpc_socket_door.h"

#include <fmt/format.h>
#include <grpcpp/server_posix.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "ipw/base/error.h"

namespace ipw::rpc {
namespace {

constexpr int kBacklog = 128;

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw Error(ErrorCode::Unavailable, fmt::format("cannot listen on unix:{}: {}", path, why),
              "check that the folder of the socket exists and may be written");
}

uid_t user_of(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  const bool known = ::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
  return known ? peer.uid : static_cast<uid_t>(-1);
}

void accept_all(int listener, grpc::Server& server, Doorman& doorman, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd waiting{listener, POLLIN, 0};
    if (::poll(&waiting, 1, -1) <= 0) continue;
    const int connection = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection < 0) {
      // Out of descriptors: those of clients that go come back.
      if (errno == EMFILE || errno == ENFILE) std::this_thread::sleep_for(std::chrono::milliseconds(50));
      continue;
    }
    doorman.note_user(connection, user_of(connection));
    grpc::AddInsecureChannelFromFd(&server, connection);
  }
}

}  // namespace

SocketDoor::SocketDoor(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    refuse(path, fmt::format("the path is longer than {} bytes", sizeof address.sun_path - 1));
  std::memcpy(address.sun_path, path.data(), path.size());
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener_ >= 0 && ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
      ::listen(listener_, kBacklog) == 0)
    return;
  const std::string why = std::strerror(errno);
  if (listener_ >= 0) ::close(listener_);
  refuse(path, why);
}

SocketDoor::~SocketDoor() {
  acceptor_.request_stop();
  ::shutdown(listener_, SHUT_RDWR);  // wakes the acceptor, for good
  acceptor_ = std::jthread();
  ::close(listener_);
}

void SocketDoor::open(grpc::Server& server, Doorman& doorman) {
  acceptor_ = std::jthread([this, &server, &doorman](const std::stop_token& stop) {
    accept_all(listener_, server, doorman, stop);
  });
}

}  // namespace ipw::rpc
