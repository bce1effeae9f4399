// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/server.h"

#include <fmt/format.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <thread>

#include "ipw/base/error.h"
#include "ipw/base/log.h"

namespace ipw::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using asio::ip::tcp;
using Stream = beast::tcp_stream;
using BodyRequest = bhttp::request<bhttp::string_body>;

constexpr std::size_t kMaxBody = std::size_t{64} << 20;

ServerRequest to_request(const BodyRequest& request) {
  ServerRequest out;
  out.method = request.method_string();
  out.target = request.target();
  for (const auto& field : request) out.headers.emplace_back(field.name_string(), field.value());
  out.body = request.body();
  return out;
}

template <class Response>
void fill_head(Response& out, const ServerResponse& response, const BodyRequest& request) {
  out.result(static_cast<unsigned>(response.status));
  out.version(11);
  out.keep_alive(request.keep_alive());
  for (const auto& [name, value] : response.headers) out.insert(name, value);
}

asio::awaitable<void> write_whole(Stream& stream, const ServerResponse& response, const BodyRequest& request) {
  bhttp::response<bhttp::string_body> out;
  fill_head(out, response, request);
  out.body() = response.body;
  const bool own_length = out.count(bhttp::field::content_length) > 0;  // a test that lies about it, or a HEAD
  if (!own_length) out.prepare_payload();
  if (request.method() == bhttp::verb::head) out.body().clear();
  bhttp::response_serializer<bhttp::string_body> serializer(out);
  if (request.method() == bhttp::verb::head)
    co_await bhttp::async_write_header(stream, serializer, asio::use_awaitable);
  else
    co_await bhttp::async_write(stream, serializer, asio::use_awaitable);
}

/// Send the pieces as chunks; false when the handler wants the connection broken.
asio::awaitable<bool> write_pieces(Stream& stream, const ServerResponse& response, const BodyRequest& request) {
  bhttp::response<bhttp::empty_body> head;
  fill_head(head, response, request);
  head.chunked(true);
  bhttp::response_serializer<bhttp::empty_body> serializer(head);
  co_await bhttp::async_write_header(stream, serializer, asio::use_awaitable);
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::steady_clock::now());
  for (Piece piece = response.stream(); !piece.bytes.empty() || piece.abort; piece = response.stream()) {
    if (piece.delay.count() > 0) {
      timer.expires_at(timer.expiry() + piece.delay);  // absolute, so that delays do not add up
      co_await timer.async_wait(asio::use_awaitable);
    }
    if (piece.abort) co_return false;
    co_await asio::async_write(stream, bhttp::make_chunk(asio::buffer(piece.bytes)), asio::use_awaitable);
  }
  co_await asio::async_write(stream, bhttp::make_chunk_last(), asio::use_awaitable);
  co_return true;
}

asio::awaitable<void> serve_connection(Stream stream, const Handler& handler) {
  beast::flat_buffer buffer;
  stream.socket().set_option(tcp::no_delay(true));
  for (;;) {
    bhttp::request_parser<bhttp::string_body> parser;
    parser.body_limit(kMaxBody);
    co_await bhttp::async_read(stream, buffer, parser, asio::use_awaitable);
    const auto request = parser.release();
    const auto response = handler(to_request(request));
    if (response.stream) {
      if (!co_await write_pieces(stream, response, request)) break;
    } else {
      co_await write_whole(stream, response, request);
    }
    if (!request.keep_alive()) break;
  }
  beast::error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
}

asio::awaitable<void> accept_all(tcp::acceptor& acceptor, const Handler& handler) {
  for (;;) {
    Stream stream(co_await acceptor.async_accept(asio::use_awaitable));
    asio::co_spawn(acceptor.get_executor(), serve_connection(std::move(stream), handler), [](std::exception_ptr failure) {
      try {
        if (failure) std::rethrow_exception(failure);
      } catch (const std::exception& e) {
        log::debug("http server: connection ended: {}", e.what());
      }
    });
  }
}

class BeastServer final : public Server {
 public:
  BeastServer(Handler handler, int port) : handler_(std::move(handler)), acceptor_(context_) {
    try {
      const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(port));
      acceptor_.open(endpoint.protocol());
      acceptor_.set_option(tcp::acceptor::reuse_address(true));
      acceptor_.bind(endpoint);
      acceptor_.listen();
    } catch (const std::exception& e) {
      throw Error(ErrorCode::Unavailable, fmt::format("cannot listen on port {}: {}", port, e.what()));
    }
    asio::co_spawn(context_, accept_all(acceptor_, handler_), asio::detached);
    thread_ = std::jthread([this] { context_.run(); });
  }
  ~BeastServer() override { context_.stop(); }
  int port() const override { return acceptor_.local_endpoint().port(); }

 private:
  Handler handler_;
  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  std::jthread thread_;
};

}  // namespace

std::unique_ptr<Server> serve(Handler handler, int port) { return std::make_unique<BeastServer>(std::move(handler), port); }

}  // namespace ipw::http
