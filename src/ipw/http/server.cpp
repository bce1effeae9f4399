// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/server.h"

#include <fmt/format.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <sstream>
#include <thread>

#include "ipw/base/error.h"
#include "ipw/base/log.h"

namespace ipw::http {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using net::use_awaitable;
using net::ip::tcp;

constexpr std::size_t kMaxRequestBody = std::size_t{64} << 20;

std::string text(beast::string_view view) {
  return {view.data(), view.size()};
}

ServerRequest plain(const bhttp::request<bhttp::string_body>& request) {
  ServerRequest out{text(request.method_string()), text(request.target()), {}, request.body()};
  for (const auto& field : request) out.headers.emplace_back(text(field.name_string()), text(field.value()));
  return out;
}

ServerResponse answer(const Handler& handler, const ServerRequest& request) {
  try {
    return handler(request);
  } catch (const std::exception& e) {
    return {500, {{"Content-Type", "text/plain"}}, e.what(), {}};
  }
}

bhttp::response<bhttp::empty_body> head_of(const ServerResponse& response, bool keep_alive) {
  bhttp::response<bhttp::empty_body> head(bhttp::int_to_status(static_cast<unsigned>(response.status)), 11);
  if (head.result() == bhttp::status::unknown) head.result(static_cast<unsigned>(response.status));
  for (const auto& [name, value] : response.headers) head.insert(name, value);
  head.keep_alive(keep_alive);
  const bool measured = head.has_content_length();
  if (response.stream && !measured) head.chunked(true);
  const bool bodiless = response.status < 200 || response.status == 204 || response.status == 304;
  if (!response.stream && !measured && !bodiless) head.content_length(response.body.size());
  return head;
}

/// Send the pieces of a stream; false when it was aborted.
net::awaitable<bool> send_stream(tcp::socket& socket, const std::function<Piece()>& stream, bool chunked) {
  net::steady_timer timer(socket.get_executor());
  for (Piece piece = stream(); piece.abort || !piece.bytes.empty(); piece = stream()) {
    if (piece.delay.count() > 0) {
      timer.expires_after(piece.delay);
      co_await timer.async_wait(use_awaitable);
    }
    const auto bytes = net::buffer(piece.bytes);
    if (!piece.bytes.empty() && chunked)
      co_await net::async_write(socket, bhttp::make_chunk(bytes), use_awaitable);
    else if (!piece.bytes.empty())
      co_await net::async_write(socket, bytes, use_awaitable);
    if (piece.abort) co_return false;
  }
  if (chunked) co_await net::async_write(socket, bhttp::make_chunk_last(), use_awaitable);
  co_return true;
}

/// Send a response; false when the connection must close without more.
net::awaitable<bool> send_response(tcp::socket& socket, const ServerResponse& response, bool with_body,
                                   bool keep_alive) {
  const auto head = head_of(response, keep_alive);
  // A body that is at hand goes out with its head in one segment.
  std::string start = (std::ostringstream() << head.base()).str();
  if (!with_body) {
    co_await net::async_write(socket, net::buffer(start), use_awaitable);
    co_return true;
  }
  if (!response.stream) start += response.body;
  co_await net::async_write(socket, net::buffer(start), use_awaitable);
  if (!response.stream) co_return true;
  co_return co_await send_stream(socket, response.stream, head.chunked());
}

net::awaitable<void> connection(tcp::socket socket, const Handler& handler) {
  socket.set_option(tcp::no_delay(true));
  beast::flat_buffer buffer;
  for (bool open = true; open;) {
    bhttp::request_parser<bhttp::string_body> parser;
    parser.body_limit(kMaxRequestBody);
    co_await bhttp::async_read(socket, buffer, parser, use_awaitable);
    const auto response = answer(handler, plain(parser.get()));
    const bool keep_alive = parser.get().keep_alive();
    const bool with_body = parser.get().method() != bhttp::verb::head;
    open = co_await send_response(socket, response, with_body, keep_alive) && keep_alive;
  }
}

/// The other side may go at any time; that ends its connection and nothing else.
net::awaitable<void> guarded(tcp::socket socket, const Handler& handler) {
  try {
    co_await connection(std::move(socket), handler);
  } catch (const boost::system::system_error& e) {
    log::debug("http server: connection ended: {}", e.what());
  }
}

net::awaitable<void> accept_all(tcp::acceptor& acceptor, const Handler& handler) {
  for (;;) {
    auto socket = co_await acceptor.async_accept(use_awaitable);
    net::co_spawn(acceptor.get_executor(), guarded(std::move(socket), handler), net::detached);
  }
}

class BeastServer final : public Server {
 public:
  BeastServer(Handler handler, int port) : handler_(std::move(handler)), acceptor_(context_) {
    const tcp::endpoint endpoint(net::ip::address_v4::loopback(), static_cast<std::uint16_t>(port));
    acceptor_.open(endpoint.protocol());
    acceptor_.set_option(net::socket_base::reuse_address(true));
    boost::system::error_code error;
    if (!acceptor_.bind(endpoint, error)) acceptor_.listen(net::socket_base::max_listen_connections, error);
    if (error)
      throw Error(ErrorCode::Unavailable,
                  fmt::format("cannot listen on 127.0.0.1:{}: {}", port, error.message()),
                  "choose another port, or 0 for any free one");
    net::co_spawn(context_, accept_all(acceptor_, handler_), net::detached);
    thread_ = std::thread([this] { context_.run(); });
  }
  ~BeastServer() override {
    context_.stop();
    thread_.join();
  }
  BeastServer(const BeastServer&) = delete;
  BeastServer& operator=(const BeastServer&) = delete;
  int port() const override { return acceptor_.local_endpoint().port(); }

 private:
  Handler handler_;
  net::io_context context_{1};
  tcp::acceptor acceptor_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Server> serve(Handler handler, int port) {
  return std::make_unique<BeastServer>(std::move(handler), port);
}

}  // namespace ipw::http
