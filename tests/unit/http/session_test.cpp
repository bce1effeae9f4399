// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ipw/base/error.h"
#include "ipw/http/server.h"

namespace ipw::http {
namespace {

using namespace std::chrono_literals;
using Kind = TransferFailure::Kind;

/// Give out texts one after another; `end` is what follows the last one.
std::function<Piece()> pieces(std::vector<Piece> all) {
  return [all = std::move(all), i = std::size_t{0}]() mutable { return i < all.size() ? all[i++] : Piece{}; };
}

ServerResponse stream_of(std::vector<Piece> all) {
  ServerResponse response;
  response.headers = {{"Content-Type", "text/event-stream"}};
  response.stream = pieces(std::move(all));
  return response;
}

ServerResponse redirect_to(const std::string& url) {
  return {302, {{"Location", url}}, "elsewhere", {}};
}

/// What one path of the test server answers.
ServerResponse route(const ServerRequest& request) {
  const auto& t = request.target;
  if (t == "/echo") return {200, {}, request.method + " " + request.body, {}};
  if (t == "/agent") return {200, {}, header(request.headers, "User-Agent").value_or("none"), {}};
  if (t == "/auth") return {200, {}, header(request.headers, "Authorization").value_or("none"), {}};
  if (t == "/stream") return stream_of({{"one", 0ns}, {"two", 2ms}, {"three", 2ms}});
  if (t == "/broken") return stream_of({{"half", 0ns}, {"", 0ns, true}});
  if (t == "/silent") return stream_of({{"first", 0ns}, {"late", 10s}});
  if (t == "/short") {
    auto response = stream_of({{"12345", 0ns}, {"", 0ns, true}});
    response.headers.emplace_back("Content-Length", "10");
    return response;
  }
  if (t == "/throws") throw std::runtime_error("handler failed");
  if (t == "/redirect") return redirect_to("/echo");
  if (t.starts_with("/away?")) return redirect_to(t.substr(6));
  if (t == "/loop") return redirect_to("/loop");
  return {404, {}, "nothing here", {}};
}

class SessionTest : public testing::Test {
 protected:
  std::unique_ptr<Server> server_ = serve(&route);
  std::unique_ptr<Session> session_ = make_session();

  Request request(const std::string& path, std::string body = {}) const {
    Request r;
    r.url = "http://127.0.0.1:" + std::to_string(server_->port()) + path;
    r.total_timeout = Seconds(5);
    if (!body.empty()) r.method = "POST";
    r.body = std::move(body);
    return r;
  }
};

TEST_F(SessionTest, sends_a_body_and_takes_the_answer) {
  const auto response = fetch(*session_, request("/echo", "hello"));
  EXPECT_TRUE(response.ok());
  EXPECT_EQ(response.body, "POST hello");
}

TEST_F(SessionTest, keeps_methods_as_they_are) {
  auto r = request("/echo", "x");
  r.method = "DELETE";
  EXPECT_EQ(fetch(*session_, r).body, "DELETE x");
}

TEST_F(SessionTest, gets_only_headers_for_head) {
  auto r = request("/echo");
  r.method = "HEAD";
  const auto response = fetch(*session_, r);
  EXPECT_TRUE(response.ok());
  EXPECT_EQ(header(response.result.headers, "content-length"), "5");
  EXPECT_EQ(response.body, "");
}

TEST_F(SessionTest, leaves_http_statuses_to_the_caller) {
  const auto response = fetch(*session_, request("/nowhere"));
  EXPECT_EQ(response.result.status, 404);
  EXPECT_FALSE(response.result.failure);
  EXPECT_EQ(response.body, "nothing here");
}

TEST_F(SessionTest, gives_status_500_for_a_handler_that_throws) {
  EXPECT_EQ(fetch(*session_, request("/throws")).result.status, 500);
}

TEST_F(SessionTest, names_itself) {
  EXPECT_THAT(fetch(*session_, request("/agent")).body, testing::StartsWith("ipw/"));
}

TEST_F(SessionTest, keeps_the_connection_for_the_next_request) {
  EXPECT_FALSE(fetch(*session_, request("/echo")).result.reused_connection);
  EXPECT_TRUE(fetch(*session_, request("/echo")).result.reused_connection);
}

TEST_F(SessionTest, stamps_the_pieces_of_a_stream_in_order) {
  std::string body;
  std::vector<Instant> stamps;
  const auto result = send(*session_, request("/stream"), [&](const Chunk& chunk) {
    body += chunk.bytes;
    stamps.push_back(chunk.received);
    return true;
  });
  EXPECT_EQ(body, "onetwothree");
  ASSERT_GE(stamps.size(), 2u);
  EXPECT_TRUE(std::ranges::is_sorted(stamps));
  EXPECT_GE(stamps.back() - stamps.front(), 2ms);
  EXPECT_LT(result.sent, stamps.front());
  EXPECT_EQ(result.first_byte, stamps.front());
  EXPECT_GE(result.done, stamps.back());
}

TEST_F(SessionTest, never_stamps_an_answer_before_its_request) {
  for (int i = 0; i < 200; ++i) {
    const auto result = fetch(*session_, request("/echo")).result;
    ASSERT_LE(result.sent, result.first_byte);
    ASSERT_LE(result.first_byte, result.done);
  }
}

TEST_F(SessionTest, stamps_tcp_data_by_the_kernel) {
  bool kernel = false;
  send(*session_, request("/stream"), [&](const Chunk& chunk) { return kernel = chunk.kernel, true; });
  EXPECT_TRUE(kernel);
}

TEST_F(SessionTest, tells_the_headers_before_the_body) {
  int status = 0;
  bool before = false;
  send(
      *session_, request("/stream"), [&](const Chunk&) { return before = status == 200, true; },
      [&](int s, const Headers&) { status = s; });
  EXPECT_TRUE(before);
}

TEST_F(SessionTest, is_cancelled_by_the_callback) {
  const auto result = send(*session_, request("/silent"), [](const Chunk&) { return false; });
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->kind, Kind::Cancelled);
}

TEST_F(SessionTest, reports_a_chunked_body_that_breaks_off) {
  const auto response = fetch(*session_, request("/broken"));
  ASSERT_TRUE(response.result.failure);
  EXPECT_EQ(response.result.failure->kind, Kind::Truncated);
  EXPECT_EQ(response.body, "half");
}

TEST_F(SessionTest, reports_a_body_shorter_than_its_length) {
  const auto response = fetch(*session_, request("/short"));
  ASSERT_TRUE(response.result.failure);
  EXPECT_EQ(response.result.failure->kind, Kind::Truncated);
}

TEST_F(SessionTest, ends_at_the_total_timeout) {
  auto r = request("/silent");
  r.total_timeout = 5ms;
  const auto result = fetch(*session_, r).result;
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->kind, Kind::Timeout);
}

TEST_F(SessionTest, ends_when_no_byte_comes_for_the_idle_timeout) {
  auto r = request("/silent");
  r.idle_timeout = 300ms;
  const auto response = fetch(*session_, r);
  ASSERT_TRUE(response.result.failure);
  EXPECT_EQ(response.result.failure->kind, Kind::Timeout);
  EXPECT_EQ(response.body, "first");
}

TEST_F(SessionTest, reports_a_refused_connection) {
  const auto r = request("/echo");
  server_.reset();
  const auto result = fetch(*session_, r).result;
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->kind, Kind::Connect);
  EXPECT_EQ(result.status, 0);
}

TEST_F(SessionTest, refuses_other_protocols) {
  Request r;
  r.url = "file:///etc/hostname";
  const auto result = fetch(*session_, r).result;
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->kind, Kind::Protocol);
}

TEST_F(SessionTest, refuses_a_header_with_a_line_break) {
  auto r = request("/echo");
  r.headers = {{"X-Key", "a\r\nX-Evil: b"}};
  EXPECT_THROW(fetch(*session_, r), Error);
}

TEST_F(SessionTest, gives_redirects_to_the_caller_unless_told_to_follow) {
  auto r = request("/redirect");
  EXPECT_EQ(fetch(*session_, r).result.status, 302);
  r.follow_redirects = true;
  const auto followed = fetch(*session_, r);
  EXPECT_EQ(followed.body, "GET ");
  EXPECT_THAT(followed.result.effective_url, testing::EndsWith("/echo"));
}

TEST_F(SessionTest, ends_a_loop_of_redirects) {
  auto r = request("/loop");
  r.follow_redirects = true;
  EXPECT_EQ(fetch(*session_, r).result.failure->kind, Kind::Protocol);
}

TEST_F(SessionTest, drops_authorization_on_the_way_to_another_host) {
  const auto other = serve(&route);
  auto r = request("/away?http://127.0.0.1:" + std::to_string(other->port()) + "/auth");
  r.headers = {{"Authorization", "Bearer secret"}};
  r.follow_redirects = true;
  EXPECT_EQ(fetch(*session_, r).body, "none");
  auto same = request("/away?/auth");
  same.headers = r.headers;
  same.follow_redirects = true;
  EXPECT_EQ(fetch(*session_, same).body, "Bearer secret");
}

TEST_F(SessionTest, fails_a_body_over_the_limit) {
  const auto response = fetch(*session_, request("/echo", "a long body"), 4);
  ASSERT_TRUE(response.result.failure);
  EXPECT_EQ(response.result.failure->kind, Kind::Protocol);
}

TEST_F(SessionTest, carries_many_transfers_at_once) {
  int whole = 0;
  for (int i = 0; i < 50; ++i) {
    auto body = std::make_shared<std::string>();
    session_->start(
        request("/stream"), {}, [body](const Chunk& c) { return body->append(c.bytes), true; },
        [body, &whole](const Result&) { whole += *body == "onetwothree"; });
  }
  while (session_->drive(Seconds(1))) {
  }
  EXPECT_EQ(whole, 50);
}

TEST_F(SessionTest, may_start_a_transfer_from_a_callback) {
  int done = 0;
  session_->start(
      request("/echo"), {},
      [&](const Chunk&) {
        session_->start(request("/echo"), {}, {}, [&](const Result&) { ++done; });
        return true;
      },
      [&](const Result&) { ++done; });
  while (session_->drive(Seconds(1))) {
  }
  EXPECT_EQ(done, 2);
}

TEST_F(SessionTest, may_go_while_a_transfer_is_under_way) {
  session_->start(request("/silent"), {}, {}, {});
  EXPECT_TRUE(session_->drive(Seconds(1)));
  session_.reset();
  EXPECT_TRUE(fetch(*make_session(), request("/echo")).ok());
}

TEST(Serve, reports_a_port_that_is_taken) {
  const auto server = serve(&route);
  try {
    serve(&route, server->port());
    FAIL() << "nothing was thrown";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::Unavailable);
  }
}

}  // namespace
}  // namespace ipw::http
