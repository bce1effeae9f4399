// SPDX-License-Identifier: Apache-2.0
// The floor of the sequential overhead: a blocking socket that sends the request and reads to the end of the
// chunks.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

#include "token_server.h"

namespace {

int connect_to(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? fd : -1;
}

bool ask(int fd, const std::string& request) {
  if (::send(fd, request.data(), request.size(), 0) != static_cast<ssize_t>(request.size())) return false;
  std::string answer;
  std::array<char, 65536> buffer;
  while (!answer.ends_with("0\r\n\r\n")) {
    const auto n = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (n <= 0) return false;
    answer.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const int queries = argc > 1 ? std::atoi(argv[1]) : 1000;
  ipw::bench::TokenServer tokens;
  const auto server = ipw::http::serve([&](const auto& request) { return tokens.answer(request); });
  const int fd = connect_to(server->port());
  const std::string body =
      R"({"model":"m","stream":true,"messages":[{"role":"user","content":"What is 2 + 2?"}]})";
  const auto request = fmt::format(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: {}\r\n\r\n{}",
      body.size(), body);
  for (int i = 0; i < queries; ++i)
    if (!ask(fd, request)) return 1;
  ::close(fd);
  const auto t = tokens.times();
  fmt::print("{{\"overhead_s\":{:.9f}}}\n",
             (t.last_end_s - t.first_begin_s - t.busy_s) / static_cast<double>(t.requests - 1));
}
