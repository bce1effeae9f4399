// SPDX-License-Identifier: Apache-2.0
#include "ipw/http/gateway.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "ipw/base/error.h"

namespace ipw::http {
namespace {

using Kind = TransferFailure::Kind;

/// Hand every request on to another server, and its answer back as it comes.
GatewayHandler forward_to(std::string base, std::atomic<int>* cancelled = nullptr) {
  return [=](const ServerRequest& request, std::shared_ptr<Reply> reply, Session& session) {
    Request on{.method = request.method, .url = base + request.target, .body = request.body};
    on.stop = reply->gone();
    session.start(
        std::move(on),
        [reply](int status, const Headers&) {
          reply->head(status, {{"X-From", "gateway"}});
        },
        [reply](const Chunk& chunk) {
          reply->write(chunk.bytes);
          return true;
        },
        [=](const Result& result) {
          if (!result.failure) return reply->end();
          if (cancelled && result.failure->kind == Kind::Cancelled) ++*cancelled;
          if (result.status != 0) return reply->abort();
          reply->head(502, {});
          reply->write(result.failure->message);
          reply->end();
        });
  };
}

/// Pieces "0", "1", ...; each but the first waits until the flag stands at its number.
std::function<Piece()> stepwise(int count, const std::atomic<int>& seen) {
  return [=, &seen, at = 0]() mutable {
    if (at == count) return Piece{};
    while (seen < at) std::this_thread::yield();
    return Piece{std::to_string(at++)};
  };
}

std::string url_of(const Server& server, const std::string& path = "/") {
  return fmt::format("http://127.0.0.1:{}{}", server.port(), path);
}

TEST(Gateway, A6_a_piece_goes_on_before_the_next_one_is_made) {
  std::atomic<int> seen{0};
  const auto origin = serve([&](const ServerRequest&) {
    return ServerResponse{200, {}, {}, stepwise(5, seen)};
  });
  const auto gateway = serve_gateway(forward_to(url_of(*origin, "")));
  const auto session = make_session();
  std::string got;
  const auto result = send(*session, {.url = url_of(*gateway)}, [&](const Chunk& chunk) {
    got += chunk.bytes;
    seen = static_cast<int>(got.size());
    return true;
  });
  EXPECT_EQ(got, "01234");
  EXPECT_EQ(header(result.headers, "X-From"), "gateway");
}

TEST(Gateway, bodies_and_methods_pass_and_connections_are_kept) {
  const auto origin = serve([](const ServerRequest& r) {
    return ServerResponse{200, {}, r.method + r.body, {}};
  });
  const auto gateway = serve_gateway(forward_to(url_of(*origin, "")));
  const auto session = make_session();
  const std::string big(2 << 20, 'x');  // libcurl asks before it sends so much
  EXPECT_EQ(fetch(*session, {.method = "POST", .url = url_of(*gateway), .body = big}).body, "POST" + big);
  const auto again = fetch(*session, {.method = "PUT", .url = url_of(*gateway), .body = "y"});
  EXPECT_EQ(again.body, "PUTy");
  EXPECT_TRUE(again.result.reused_connection);
}

TEST(Gateway, a_client_that_hangs_up_ends_the_transfer_behind) {
  std::atomic<int> seen{0}, cancelled{0};
  const auto origin = serve([&](const ServerRequest&) {
    return ServerResponse{200, {}, {}, [at = 0]() mutable {
                            return at++ == 0 ? Piece{"first"} : Piece{"late", std::chrono::seconds(20)};
                          }};
  });
  const auto gateway = serve_gateway(forward_to(url_of(*origin, ""), &cancelled));
  const auto session = make_session();
  send(*session, {.url = url_of(*gateway)}, [&](const Chunk&) { return false; });
  for (int i = 0; i < 2000 && cancelled == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(cancelled, 1);
}

TEST(Gateway, an_answer_that_breaks_off_breaks_off) {
  const auto origin = serve([](const ServerRequest&) {
    return ServerResponse{200, {}, {}, [at = 0]() mutable {
                            return at++ == 0 ? Piece{"half"} : Piece{"", Nanoseconds(0), true};
                          }};
  });
  const auto gateway = serve_gateway(forward_to(url_of(*origin, "")));
  const auto session = make_session();
  const auto answer = fetch(*session, {.url = url_of(*gateway)});
  EXPECT_EQ(answer.body, "half");
  ASSERT_TRUE(answer.result.failure);
  EXPECT_EQ(answer.result.failure->kind, Kind::Truncated);
}

TEST(Gateway, an_origin_that_is_away_and_a_handler_that_throws_are_answers) {
  const auto away = serve_gateway(forward_to("http://127.0.0.1:1"));
  const auto broken = serve_gateway([](auto&&...) { throw std::runtime_error("no such key"); });
  const auto session = make_session();
  EXPECT_EQ(fetch(*session, {.url = url_of(*away)}).result.status, 502);
  const auto answer = fetch(*session, {.url = url_of(*broken)});
  EXPECT_EQ(answer.result.status, 500);
  EXPECT_EQ(answer.body, "no such key");
}

TEST(Gateway, two_hundred_streams_at_once_each_get_their_own) {
  const auto origin = serve([](const ServerRequest& request) {
    return ServerResponse{200, {}, {}, [text = request.body, at = 0]() mutable {
                            return at++ < 20 ? Piece{text, std::chrono::milliseconds(1)} : Piece{};
                          }};
  });
  const auto gateway = serve_gateway(forward_to(url_of(*origin, "")));
  const auto session = make_session();
  std::vector<std::string> got(200);
  int ended = 0;
  for (std::size_t i = 0; i < got.size(); ++i)
    session->start(
        {.method = "POST", .url = url_of(*gateway), .body = fmt::format("<{}>", i)}, {},
        [&, i](const Chunk& chunk) {
          got[i] += chunk.bytes;
          return true;
        },
        [&](const Result& result) { ended += result.failure ? 0 : 1; });
  while (session->drive(Seconds(1))) continue;
  EXPECT_EQ(ended, 200);
  for (std::size_t i = 0; i < got.size(); ++i) {
    std::string expected;
    for (int k = 0; k < 20; ++k) expected += fmt::format("<{}>", i);
    EXPECT_EQ(got[i], expected);
  }
}

TEST(Gateway, says_when_it_cannot_listen) {
  const auto first = serve_gateway([](auto&&...) {});
  EXPECT_THROW(serve_gateway([](auto&&...) {}, {.port = first->port()}), Error);
  EXPECT_THROW(serve_gateway([](auto&&...) {}, {.address = "no address"}), Error);
}

TEST(Gateway, ends_with_transfers_in_flight) {
  const auto origin = serve([](const ServerRequest&) {
    return ServerResponse{200, {}, {}, [] { return Piece{"x", std::chrono::milliseconds(1)}; }};
  });
  auto gateway = serve_gateway(forward_to(url_of(*origin, "")));
  const auto session = make_session();
  bool first = true;
  const auto result = send(*session, {.url = url_of(*gateway)}, [&](const Chunk&) {
    if (std::exchange(first, false)) gateway.reset();
    return true;
  });
  EXPECT_TRUE(result.failure);
}

}  // namespace
}  // namespace ipw::http
