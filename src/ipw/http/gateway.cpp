// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/gateway.h"

#include <fmt/format.h>
#include <poll.h>

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <map>
#include <sstream>
#include <thread>

#include "ipw/base/error.h"
#include "ipw/base/log.h"
#include "ipw/base/text.h"

namespace ipw::http {
namespace {

namespace net = boost::asio;
namespace bhttp = boost::beast::http;
using net::use_awaitable;
using net::ip::tcp;

constexpr std::size_t kMaxRequestBody = std::size_t{64} << 20;
constexpr std::size_t kMaxUnsent = std::size_t{64} << 20;  ///< of one reply, when its client does not read

/// The connection of a reply, alive for as long as one of the two needs it.
class Wire : public std::enable_shared_from_this<Wire> {
 public:
  explicit Wire(tcp::socket socket) : socket_(std::move(socket)), finished_(socket_.get_executor()) {
    socket_.set_option(tcp::no_delay(true));
    socket_.non_blocking(true);
  }

  tcp::socket& socket() { return socket_; }
  bool broken() const { return broken_; }
  std::stop_token gone() const { return gone_.get_token(); }

  void begin() {
    gone_ = {};
    done_ = false;
    watch();
  }
  /// Return when the reply has ended and all of it is sent.
  net::awaitable<void> finished() {
    boost::system::error_code ignored;
    while (!broken_ && (!done_ || !unsent_.empty())) {
      finished_.expires_at(std::chrono::steady_clock::time_point::max());
      co_await finished_.async_wait(net::redirect_error(use_awaitable, ignored));
    }
  }
  /// Send now what the socket takes, the rest as it drains.
  void send(std::string bytes) {
    if (broken_) return;
    if (!unsent_.empty()) {
      if (unsent_.size() + bytes.size() > kMaxUnsent) return fail();
      unsent_ += bytes;
      return;
    }
    boost::system::error_code error;
    const auto sent = socket_.write_some(net::buffer(bytes), error);
    if (error && error != net::error::would_block) return fail();
    if (sent == bytes.size()) return;
    unsent_ = bytes.substr(sent);
    drain();
  }
  void end() {
    done_ = true;
    finished_.cancel();
  }
  void fail() {
    if (broken_) return;
    broken_ = true;
    boost::system::error_code ignored;
    socket_.close(ignored);
    gone_.request_stop();
    finished_.cancel();
  }

 private:
  void drain() {
    socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const auto& error) {
      if (error || self->broken_) return self->fail();
      const auto rest = std::exchange(self->unsent_, {});
      self->send(rest);
      if (self->unsent_.empty()) self->finished_.cancel();
    });
  }
  /// A client that hangs up makes its socket readable without a byte in it; one that asks ahead waits its
  /// turn.
  void watch() {
    socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const auto& error) {
      boost::system::error_code failed;
      if (!error && !self->done_ && self->socket_.available(failed) == 0) self->fail();
    });
  }

  tcp::socket socket_;
  net::steady_timer finished_;
  std::stop_source gone_;
  std::string unsent_;
  bool done_ = true, broken_ = false;
};

class WireReply final : public Reply {
 public:
  WireReply(std::shared_ptr<Wire> wire, bool with_body) : wire_(std::move(wire)), with_body_(with_body) {}
  ~WireReply() override { abort(); }
  WireReply(const WireReply&) = delete;
  WireReply& operator=(const WireReply&) = delete;

  void head(int status, const Headers& headers) override {
    bhttp::response<bhttp::empty_body> head(bhttp::int_to_status(static_cast<unsigned>(status)), 11);
    if (head.result() == bhttp::status::unknown) head.result(static_cast<unsigned>(status));
    for (const auto& [name, value] : headers) head.insert(name, value);
    chunked_ = !head.has_content_length() && with_body_;
    if (chunked_) head.chunked(true);
    wire_->send((std::ostringstream() << head.base()).str());
  }
  void write(std::string_view bytes) override {
    if (bytes.empty() || !with_body_) return;
    wire_->send(chunked_ ? fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes) : std::string(bytes));
  }
  void end() override {
    if (std::exchange(over_, true)) return;
    if (chunked_) wire_->send("0\r\n\r\n");
    wire_->end();
  }
  void abort() override {
    if (!std::exchange(over_, true)) wire_->fail();
  }
  std::stop_token gone() const override { return wire_->gone(); }

 private:
  std::shared_ptr<Wire> wire_;
  bool with_body_, chunked_ = false, over_ = false;
};

ServerRequest plain(const bhttp::request<bhttp::string_body>& request) {
  const auto text = [](auto view) { return std::string(view.data(), view.size()); };
  ServerRequest out{text(request.method_string()), text(request.target()), {}, request.body()};
  for (const auto& field : request) out.headers.emplace_back(text(field.name_string()), text(field.value()));
  return out;
}

class Gateway final : public GatewayServer {
 public:
  Gateway(GatewayHandler handler, const GatewayOptions& options)
      : handler_(std::move(handler)),
        session_(make_session()),
        transfers_(context_, session_->descriptor()),
        deadline_(context_),
        acceptor_(std::make_shared<tcp::acceptor>(context_)) {
    listen(options);
    net::co_spawn(context_, accept_all(acceptor_), net::detached);
    await_transfers();
    thread_ = std::thread([this] { context_.run(); });
  }
  ~Gateway() override {
    context_.stop();
    thread_.join();
    transfers_.release();  // the descriptor is the session's
    session_.reset();      // its transfers hold replies
  }
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;
  int port() const override { return acceptor_->local_endpoint().port(); }

  int adopt(int listening_socket) override {
    const int token = ++adoptions_;
    const auto acceptor = std::make_shared<tcp::acceptor>(context_, tcp::v4(), listening_socket);
    net::post(context_, [this, token, acceptor] {
      adopted_[token] = acceptor;
      net::co_spawn(context_, accept_all(acceptor), net::detached);
    });
    return token;
  }
  void let_go(int token) override {
    net::post(context_, [this, token] {
      boost::system::error_code ignored;
      if (const auto it = adopted_.find(token); it != adopted_.end()) {
        it->second->close(ignored);
        adopted_.erase(it);
      }
    });
  }

 private:
  void listen(const GatewayOptions& options) {
    boost::system::error_code error;
    const auto address = net::ip::make_address(options.address, error);
    const tcp::endpoint endpoint(address, static_cast<std::uint16_t>(options.port));
    if (!error) acceptor_->open(endpoint.protocol(), error);
    if (!error) acceptor_->set_option(net::socket_base::reuse_address(true), error);
    if (!error) acceptor_->bind(endpoint, error);
    if (!error) acceptor_->listen(net::socket_base::max_listen_connections, error);
    if (error)
      throw Error(ErrorCode::Unavailable,
                  fmt::format("cannot listen on {}:{}: {}", options.address, options.port, error.message()),
                  "choose another port, or 0 for any free one");
  }

  /// Until the socket is closed. A machine that has no descriptor left gets some back when others hang up.
  net::awaitable<void> accept_all(std::shared_ptr<tcp::acceptor> acceptor) {
    constexpr auto kPause = std::chrono::milliseconds(50);
    net::steady_timer pause(context_);
    while (acceptor->is_open()) {
      boost::system::error_code error;
      auto socket = co_await acceptor->async_accept(net::redirect_error(use_awaitable, error));
      if (!error) {
        take(std::move(socket));
      } else if (acceptor->is_open()) {
        pause.expires_after(kPause);
        co_await pause.async_wait(net::redirect_error(use_awaitable, error));
      }
    }
  }
  void take(tcp::socket socket) {
    try {
      net::co_spawn(context_, guarded(std::make_shared<Wire>(std::move(socket))), net::detached);
    } catch (const boost::system::system_error& e) {
      log::debug("gateway: a client was gone at once: {}", e.what());
    }
  }

  /// The other side may go at any time; that ends its connection and nothing else.
  net::awaitable<void> guarded(std::shared_ptr<Wire> wire) {
    try {
      co_await connection(wire);
    } catch (const boost::system::system_error& e) {
      log::debug("gateway: connection ended: {}", e.what());
    }
    wire->fail();
  }

  net::awaitable<void> connection(const std::shared_ptr<Wire>& wire) {
    boost::beast::flat_buffer buffer;
    for (bool open = true; open && !wire->broken();) {
      bhttp::request_parser<bhttp::string_body> parser;
      parser.body_limit(kMaxRequestBody);
      co_await bhttp::async_read_header(wire->socket(), buffer, parser, use_awaitable);
      if (parser.get()[bhttp::field::expect] == "100-continue") wire->send("HTTP/1.1 100 Continue\r\n\r\n");
      co_await bhttp::async_read(wire->socket(), buffer, parser, use_awaitable);
      wire->begin();
      handle(plain(parser.get()),
             std::make_shared<WireReply>(wire, parser.get().method() != bhttp::verb::head));
      co_await wire->finished();
      open = parser.get().keep_alive();
    }
  }

  void handle(ServerRequest request, const std::shared_ptr<Reply>& reply) {
    try {
      handler_(std::move(request), reply, *session_);
    } catch (const std::exception& e) {
      reply->head(500, {{"Content-Type", "text/plain"}});
      reply->write(e.what());
      reply->end();
    }
    drive();
  }

  void drive() {
    constexpr int kTurns = 16;  // then the clients have theirs
    pollfd ready{session_->descriptor(), POLLIN, 0};
    for (int i = 0; i < kTurns; ++i) {
      session_->drive(Seconds(0));
      if (::poll(&ready, 1, 0) <= 0) break;
    }
    await_deadline();
  }

  void await_transfers() {
    transfers_.async_wait(net::posix::stream_descriptor::wait_read, [this](const auto& error) {
      if (error) return;
      drive();
      await_transfers();
    });
  }
  void await_deadline() {
    const auto next = session_->deadline();
    if (!next) return;
    deadline_.expires_after(std::max(Nanoseconds(0), Nanoseconds(*next - clock_.now())));
    deadline_.async_wait([this](const auto& error) {
      if (!error) drive();
    });
  }

  GatewayHandler handler_;
  SystemClock clock_;
  net::io_context context_{1};
  std::unique_ptr<Session> session_;
  net::posix::stream_descriptor transfers_;
  net::steady_timer deadline_;
  std::shared_ptr<tcp::acceptor> acceptor_;
  std::map<int, std::shared_ptr<tcp::acceptor>> adopted_;  ///< of the gateway's thread
  std::atomic<int> adoptions_{0};
  std::thread thread_;
};

}  // namespace

std::unique_ptr<GatewayServer> serve_gateway(GatewayHandler handler, const GatewayOptions& options) {
  return std::make_unique<Gateway>(std::move(handler), options);
}

}  // namespace ipw::http
