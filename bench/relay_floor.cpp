// SPDX-License-Identifier: Apache-2.0
// The floor of proxy.py: one thread hands bytes on between clients and a server and does nothing else.
// usage: bench_relay_floor PORT      prints the address at which it listens
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>

namespace {

sockaddr_in loopback(int port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(static_cast<std::uint16_t>(port));
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return out;
}

int listener() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  auto address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd, 512) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    std::exit(1);
  std::printf("http://127.0.0.1:%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return fd;
}

class Relay {
 public:
  explicit Relay(int port) : port_(port), listener_(listener()) { watch(listener_); }

  [[noreturn]] void run() {
    std::array<epoll_event, 256> ready;
    for (;;) {
      const int count = ::epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), -1);
      for (int i = 0; i < count; ++i) {
        const int fd = ready[static_cast<std::size_t>(i)].data.fd;
        if (fd == listener_)
          accept_one();
        else
          hand_on(fd);
      }
    }
  }

 private:
  void watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) std::exit(1);
  }

  void accept_one() {
    const int client = ::accept(listener_, nullptr, nullptr), server = ::socket(AF_INET, SOCK_STREAM, 0);
    const auto address = loopback(port_);
    if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) std::exit(1);
    for (const int fd : {client, server}) {
      const int yes = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      watch(fd);
    }
    partner_[client] = server;
    partner_[server] = client;
  }

  void hand_on(int fd) {
    std::array<char, 65536> buffer;
    const auto n = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (n > 0 && ::send(partner_[fd], buffer.data(), static_cast<std::size_t>(n), MSG_NOSIGNAL) == n) return;
    ::close(partner_[fd]);
    ::close(fd);
  }

  const int port_;
  const int epoll_ = ::epoll_create1(0);
  const int listener_;
  std::map<int, int> partner_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: bench_relay_floor PORT\n", stderr);
    return 2;
  }
  Relay(std::atoi(argv[1])).run();
}
