// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/session.h"

#include <gtest/gtest.h>

#include "ipw/base/error.h"
#include "ipw/http/server.h"

namespace ipw::http {
namespace {

using namespace std::chrono_literals;
using Kind = TransferFailure::Kind;

std::string url(const Server& server, std::string_view path) {
  return join_url("http://127.0.0.1:" + std::to_string(server.port()), path);
}

ServerResponse text(std::string body, int status = 200) { return {status, {{"Content-Type", "text/plain"}}, std::move(body), {}}; }

/// Stream pieces one after another, the given time apart; `broken` ends the stream without its last chunk.
ServerResponse pieces(std::vector<std::string> parts, Nanoseconds delay, bool broken = false) {
  ServerResponse response;
  response.stream = [=, i = std::size_t{0}]() mutable -> Piece {
    if (i < parts.size()) return {parts[i++], delay, false};
    return {"", 0ns, broken};
  };
  return response;
}

Request get(const std::string& address) {
  Request request;
  request.url = address;
  return request;
}

TEST(Session, fetches_body_headers_and_status) {
  const auto server = serve([](const ServerRequest& r) { return text(r.method + " " + r.target + " " + r.body, 404); });
  const auto session = make_session();
  Request request = get(url(*server, "/a?b=c"));
  request.method = "POST";
  request.body = "hello";
  const auto response = fetch(*session, request);
  EXPECT_EQ(response.result.status, 404);
  EXPECT_EQ(response.body, "POST /a?b=c hello");
  EXPECT_EQ(header(response.result.headers, "CONTENT-TYPE"), "text/plain");
  EXPECT_FALSE(response.result.failure);
  EXPECT_FALSE(response.ok());
}

TEST(Session, keeps_connections_alive) {
  const auto server = serve([](const ServerRequest&) { return text("x"); });
  const auto session = make_session();
  EXPECT_FALSE(fetch(*session, get(url(*server, "/"))).result.reused_connection);
  EXPECT_TRUE(fetch(*session, get(url(*server, "/"))).result.reused_connection);
}

TEST(Session, stamps_pieces_in_order_and_apart) {
  const auto server = serve([](const ServerRequest&) { return pieces({"a", "b", "c"}, 5ms); });
  const auto session = make_session();
  std::vector<Chunk> chunks;
  const auto result = send(*session, get(url(*server, "/")), [&](const Chunk& c) {
    chunks.push_back(c);
    return true;
  });
  ASSERT_EQ(chunks.size(), 3U);
  EXPECT_LE(result.sent, result.first_byte);
  for (std::size_t i = 0; i < chunks.size(); ++i) EXPECT_TRUE(chunks[i].kernel) << "piece " << i;
  for (std::size_t i = 1; i < chunks.size(); ++i) EXPECT_GT(chunks[i].received - chunks[i - 1].received, 1ms);
  EXPECT_LE(chunks.back().received, result.done);
}

TEST(Session, runs_many_transfers_at_once_on_one_thread) {
  const auto server = serve([](const ServerRequest& r) { return pieces({r.target, "!"}, 2ms); });
  const auto session = make_session();
  int ended = 0;
  std::vector<std::string> bodies(32);
  for (std::size_t i = 0; i < bodies.size(); ++i)
    session->start(get(url(*server, "/" + std::to_string(i))), {}, [&bodies, i](const Chunk& c) { return bodies[i] += c.bytes, true; },
                   [&](Result r) { ended += !r.failure; });
  while (session->drive(Seconds(1))) {
  }
  EXPECT_EQ(ended, 32);
  for (std::size_t i = 0; i < bodies.size(); ++i) EXPECT_EQ(bodies[i], "/" + std::to_string(i) + "!");
}

TEST(Session, names_a_refused_connection) {
  const int free_port = serve([](const ServerRequest&) { return text(""); })->port();
  const auto response = fetch(*make_session(), get("http://127.0.0.1:" + std::to_string(free_port)));
  EXPECT_EQ(response.result.failure.value().kind, Kind::Connect);
  EXPECT_FALSE(response.ok());
}

TEST(Session, keeps_what_came_before_a_broken_stream) {
  const auto server = serve([](const ServerRequest&) { return pieces({"part"}, 0ns, true); });
  const auto response = fetch(*make_session(), get(url(*server, "/")));
  EXPECT_EQ(response.body, "part");
  EXPECT_EQ(response.result.failure.value().kind, Kind::Truncated);
}

TEST(Session, ends_a_silent_stream_at_the_idle_limit) {
  const auto server = serve([](const ServerRequest&) { return pieces({"a", "b"}, 10s); });
  Request request = get(url(*server, "/"));
  request.idle_timeout = Seconds(0.03);
  EXPECT_EQ(fetch(*make_session(), request).result.failure.value().kind, Kind::Timeout);
}

TEST(Session, ends_a_long_transfer_at_the_total_limit) {
  const auto server = serve([](const ServerRequest&) { return pieces({"a", "b"}, 10s); });
  Request request = get(url(*server, "/"));
  request.total_timeout = Seconds(0.03);
  EXPECT_EQ(fetch(*make_session(), request).result.failure.value().kind, Kind::Timeout);
}

TEST(Session, stops_when_the_reader_has_enough) {
  const auto server = serve([](const ServerRequest&) { return pieces({"a", "b"}, 1ms); });
  const auto session = make_session();
  const auto result = send(*session, get(url(*server, "/")), [](const Chunk&) { return false; });
  EXPECT_EQ(result.failure.value().kind, Kind::Cancelled);
}

TEST(Session, refuses_a_body_over_the_limit) {
  const auto server = serve([](const ServerRequest&) { return text(std::string(1000, 'x')); });
  EXPECT_EQ(fetch(*make_session(), get(url(*server, "/")), 100).result.failure.value().kind, Kind::Protocol);
}

TEST(Session, rejects_what_is_no_http_url) {
  EXPECT_EQ(fetch(*make_session(), get("file:///etc/passwd")).result.failure.value().kind, Kind::Protocol);
}

TEST(Server, takes_no_port_twice) {
  const auto first = serve([](const ServerRequest&) { return text(""); });
  EXPECT_THROW((void)serve([](const ServerRequest&) { return text(""); }, first->port()), Error);
}

TEST(Url, joins_with_one_slash_and_encodes) {
  EXPECT_EQ(join_url("http://h/v1/", "/models"), "http://h/v1/models");
  EXPECT_EQ(percent_encode("refs/convert parquet"), "refs%2Fconvert%20parquet");
}

}  // namespace
}  // namespace ipw::http
