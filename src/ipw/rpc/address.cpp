// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/rpc/address.h"

namespace ipw::rpc {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr int kConnectMilliseconds = 50;

[[noreturn]] void refuse(const std::string& text, std::string_view why) {
  throw Error(ErrorCode::Usage, fmt::format("'{}' is no monitor address: {}", text, why),
              "write HOST, HOST:PORT, [IPV6]:PORT or unix:/PATH, as 127.0.0.1:50053");
}

std::string_view without_scheme_and_path(std::string_view text) {
  for (const std::string_view scheme : {"grpc://", "http://", "https://"}) {
    if (text.starts_with(scheme)) text.remove_prefix(scheme.size());
  }
  return text.substr(0, text.find('/'));
}

/// Try one address of a name; a refused and a silent port are alike.
bool connects(const sockaddr* address, socklen_t size) {
  const int fd = ::socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  bool open = ::connect(fd, address, size) == 0;
  if (!open && errno == EINPROGRESS) {
    pollfd waiting{fd, POLLOUT, 0};
    int failure = 0;
    socklen_t length = sizeof failure;
    open = ::poll(&waiting, 1, kConnectMilliseconds) == 1 &&
           ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &length) == 0 && failure == 0;
  }
  ::close(fd);
  return open;
}

bool unix_listens(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.data(), path.size());
  return connects(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

}  // namespace

HostPort split_host_port(const std::string& target) {
  const auto colon = target.rfind(':');
  std::string host = target.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {host, target.substr(colon + 1)};
}

std::string join_host_port(const std::string& host, int port) {
  const bool bare_ipv6 = host.find(':') != std::string::npos && !host.starts_with('[');
  return fmt::format("{}{}{}:{}", bare_ipv6 ? "[" : "", host, bare_ipv6 ? "]" : "", port);
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host == "[::1]" || host.starts_with("127.");
}

std::string unix_path(const std::string& target) {
  return target.starts_with(kUnix) ? target.substr(kUnix.size()) : std::string();
}

Address parse_address(const std::string& text) {
  const std::string_view trimmed = trim(text);
  if (trimmed.starts_with(kUnix)) {
    std::string_view path = trimmed.substr(kUnix.size());
    while (path.starts_with("//")) path.remove_prefix(1);
    if (path.empty()) refuse(text, "the path of the socket is missing");
    return {fmt::format("unix:{}", path)};
  }
  const std::string_view bare = without_scheme_and_path(trimmed);
  if (bare.empty()) refuse(text, "the host is missing");
  const auto bracket = bare.rfind(']');
  const bool bare_ipv6 = bracket == std::string_view::npos && std::ranges::count(bare, ':') > 1;
  const auto colon = bare_ipv6 ? std::string_view::npos : bare.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  if (!has_port) return {join_host_port(std::string(bare), kDefaultPort)};
  const auto port = parse_int(bare.substr(colon + 1));
  if (!port || *port < 1 || *port > 65535) refuse(text, "the port is not a number from 1 to 65535");
  if (colon == 0) refuse(text, "the host is missing");
  return {join_host_port(std::string(bare.substr(0, colon)), static_cast<int>(*port))};
}

bool listens(const Address& address) {
  if (const auto path = unix_path(address.target); !path.empty()) return unix_listens(path);
  const auto [host, port] = split_host_port(address.target);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return false;
  const bool open = connects(found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
  return open;
}

}  // namespace ipw::rpc
