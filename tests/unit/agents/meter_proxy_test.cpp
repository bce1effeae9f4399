// SPDX-License-Identifier: Apache-2.0
// Agents behind the proxy: what they get is what the server sent, and each call is told with its tokens.
#include "ipw/agents/meter_proxy.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>

#include "ipw/base/error.h"
#include "ipw/http/server.h"
#include "ipw/http/session.h"

namespace ipw::agents {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kChat =
    "data: {\"choices\":[{\"delta\":{\"content\":\"4\"}}],\"usage\":null}\n\n"
    "data: {\"choices\":[{\"delta\":{\"content\":\"2\"},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n"
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\n"
    "data: [DONE]\n\n";

/// A server that remembers what it was asked and sends a text in pieces of one byte.
class Origin {
 public:
  explicit Origin(std::string text, std::string type = "text/event-stream", int status = 200) {
    server_ = http::serve([=, this](const http::ServerRequest& request) {
      last_ = request;
      http::ServerResponse out{status, {{"Content-Type", type}}, {}, {}};
      out.stream = [text, at = std::size_t{0}]() mutable {
        return at < text.size() ? http::Piece{text.substr(at++, 1)} : http::Piece{};
      };
      return out;
    });
  }
  std::string url() const { return fmt::format("http://127.0.0.1:{}", server_->port()); }
  const http::ServerRequest& last() const { return last_; }

 private:
  http::ServerRequest last_;
  std::unique_ptr<http::Server> server_;
};

class Calls final : public CallSink {
 public:
  std::string begun(std::int64_t, const std::string&, const std::string&, Instant) override {
    return refusal;
  }
  void first_token(std::int64_t, Instant at) override { first = at; }
  void ended(ModelCall call) override {
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::move(call));
    came_.notify_all();
  }
  std::string refusal;
  Instant first{};
  ModelCall next() {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [this] { return !calls_.empty(); });
    auto call = std::move(calls_.front());
    calls_.erase(calls_.begin());
    return call;
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<ModelCall> calls_;
};

struct Bench {
  explicit Bench(const Origin& origin, ProxyOptions options = {}) {
    options.upstream = origin.url();
    proxy = start_proxy(options, clock, calls);
  }
  http::Response post(const std::string& path, const std::string& key, const std::string& body) {
    http::Request request{
        .method = "POST", .url = fmt::format("http://127.0.0.1:{}{}", proxy->port(), path), .body = body};
    request.headers = {{"Authorization", "Bearer " + key}, {"X-Own", "kept"}};
    return http::fetch(*session, std::move(request));
  }
  SystemClock clock;
  Calls calls;
  std::unique_ptr<MeterProxy> proxy;
  std::unique_ptr<http::Session> session = http::make_session();
};

TEST(MeterProxy, A6_tokens_are_known_though_the_agent_did_not_ask_for_them) {
  const Origin origin(kChat);
  Bench bench(origin, {.api_key = "upstream-key"});
  const auto key = bench.proxy->new_key();
  const auto answer = bench.post("/v1/chat/completions", key, R"({"model":"m","stream":true})");
  EXPECT_EQ(answer.result.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("\"4\""));
  EXPECT_THAT(answer.body, HasSubstr("[DONE]"));
  EXPECT_THAT(answer.body, Not(HasSubstr("prompt_tokens")));  // it did not ask, so it gets none
  const auto call = bench.calls.next();
  EXPECT_EQ(call.key, key);
  EXPECT_EQ(call.model, "m");
  const auto response = call.read();
  EXPECT_FALSE(response.failure);
  EXPECT_EQ(response.content, "42");
  EXPECT_EQ(response.usage.prompt_tokens, 9);
  EXPECT_EQ(response.usage.completion_tokens, 2);
  EXPECT_EQ(response.arrivals.size(), 2U);
  EXPECT_LE(response.sent, response.arrivals[0]);
  EXPECT_EQ(bench.calls.first, response.arrivals[0]);
  EXPECT_LE(response.arrivals[1], response.done);
}

TEST(MeterProxy, A6_an_agent_that_asks_gets_every_byte) {
  const Origin origin(kChat);
  Bench bench(origin);
  const auto answer = bench.post("/v1/chat/completions", bench.proxy->new_key(),
                                 R"({"stream":true,"stream_options":{"include_usage":true}})");
  EXPECT_EQ(answer.body, kChat);
}

TEST(MeterProxy, A16_the_server_gets_its_own_key_and_the_agent_s_headers) {
  const Origin origin("{}", "application/json");
  Bench bench(origin, {.api_key = "upstream-key"});
  bench.post("/v1/chat/completions?x=1", bench.proxy->new_key(), R"({"model":"m"})");
  EXPECT_EQ(origin.last().target, "/v1/chat/completions?x=1");
  EXPECT_EQ(http::header(origin.last().headers, "Authorization"), "Bearer upstream-key");
  EXPECT_EQ(http::header(origin.last().headers, "X-Own"), "kept");
}

TEST(MeterProxy, a_key_of_no_task_is_refused) {
  const Origin origin(kChat);
  Bench bench(origin);
  const auto key = bench.proxy->new_key();
  bench.proxy->revoke(key);
  for (const auto& wrong : {key, std::string("sk-other")}) {
    const auto answer = bench.post("/v1/chat/completions", wrong, "{}");
    EXPECT_EQ(answer.result.status, 401);
    EXPECT_THAT(answer.body, HasSubstr("invalid_api_key"));
  }
}

/// A listening socket on loopback and its port.
std::pair<int, int> listening() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), size), 0);
  EXPECT_EQ(::listen(fd, 8), 0);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return {fd, ntohs(address.sin_port)};
}

TEST(MeterProxy, serves_a_socket_that_it_is_given_until_it_lets_go_of_it) {
  const Origin origin(kChat);
  Bench bench(origin);
  const auto key = bench.proxy->new_key();
  const auto [fd, port] = listening();
  const int token = bench.proxy->adopt(fd);
  http::Request request{.method = "POST",
                        .url = fmt::format("http://127.0.0.1:{}/v1/chat/completions", port),
                        .headers = {{"Authorization", "Bearer " + key}},
                        .body = R"({"model":"m","stream":true})"};
  EXPECT_EQ(http::fetch(*bench.session, request).result.status, 200);
  EXPECT_EQ(bench.calls.next().key, key);
  bench.proxy->let_go(token);
  const auto refused = [&] {
    const auto fresh = http::make_session();
    const auto result = http::fetch(*fresh, request).result;
    return result.failure && result.failure->kind == http::TransferFailure::Kind::Connect;
  };
  for (int i = 0; i < 1000 && !refused(); ++i) std::this_thread::yield();
  EXPECT_TRUE(refused());
  EXPECT_EQ(bench.post("/v1/chat/completions", key, R"({"model":"m","stream":true})").result.status, 200);
}

TEST(MeterProxy, without_keys_of_its_own_it_lets_the_agent_s_through) {
  const Origin origin("{}", "application/json");
  Bench bench(origin, {.hands_out_keys = false});
  bench.post("/v1/chat/completions", "sk-agent", "{}");
  EXPECT_EQ(http::header(origin.last().headers, "Authorization"), "Bearer sk-agent");
  EXPECT_EQ(bench.calls.next().key, "sk-agent");
}

TEST(MeterProxy, reads_a_whole_answer_and_anthropic_s_form) {
  const Origin origin(
      R"({"type":"message","content":[{"type":"text","text":"42"}],"stop_reason":"end_turn","usage":{"input_tokens":2,"output_tokens":3}})",
      "application/json");
  Bench bench(origin);
  const auto answer = bench.post("/v1/messages", bench.proxy->new_key(), R"({"model":"claude"})");
  EXPECT_THAT(answer.body, HasSubstr("end_turn"));
  const auto response = bench.calls.next().read();
  EXPECT_EQ(response.content, "42");
  EXPECT_EQ(response.usage.completion_tokens, 3);
}

TEST(MeterProxy, errors_of_the_server_pass_and_are_told) {
  const Origin origin(R"({"error":{"message":"no such model"}})", "application/json", 404);
  Bench bench(origin);
  const auto answer = bench.post("/v1/chat/completions", bench.proxy->new_key(), "{}");
  EXPECT_EQ(answer.result.status, 404);
  EXPECT_THAT(answer.body, HasSubstr("no such model"));
  const auto response = bench.calls.next().read();
  EXPECT_EQ(response.failure->kind, "http");
  EXPECT_EQ(response.failure->message, "no such model");
}

TEST(MeterProxy, a_server_that_is_away_is_502_and_told) {
  SystemClock clock;
  Calls calls;
  const auto proxy = start_proxy({.upstream = "http://127.0.0.1:1", .hands_out_keys = false}, clock, calls);
  const auto session = http::make_session();
  const auto answer =
      http::fetch(*session, {.method = "POST",
                             .url = fmt::format("http://127.0.0.1:{}/v1/responses", proxy->port()),
                             .body = "{}"});
  EXPECT_EQ(answer.result.status, 502);
  EXPECT_THAT(answer.body, HasSubstr("upstream_error"));
  EXPECT_EQ(calls.next().read().failure->kind, "connect");
}

TEST(MeterProxy, other_requests_pass_and_are_no_calls) {
  const Origin origin(R"({"data":[]})", "application/json");
  Bench bench(origin, {.hands_out_keys = false});
  EXPECT_EQ(bench.post("/v1/embeddings", "k", "{}").body, R"({"data":[]})");
  EXPECT_EQ(bench.post("/health", "k", "x").body, R"({"data":[]})");
  EXPECT_EQ(origin.last().target, "/health");
  EXPECT_EQ(origin.last().body, "x");
}

TEST(MeterProxy, A14_a_call_beyond_a_limit_never_reaches_the_server) {
  const Origin origin("{}", "application/json");
  Bench bench(origin);
  bench.calls.refusal = "the task has had its 20 turns";
  const auto answer = bench.post("/v1/chat/completions", bench.proxy->new_key(), "{}");
  EXPECT_EQ(answer.result.status, 403);
  EXPECT_THAT(answer.body, HasSubstr("20 turns"));
  EXPECT_EQ(origin.last().target, "");
}

TEST(MeterProxy, needs_a_server) {
  SystemClock clock;
  Calls calls;
  EXPECT_THROW(start_proxy({}, clock, calls), Error);
}

/// The local address of the listening socket at a port, as proc(5) writes it.
std::string listening_address(int port) {
  std::ifstream file("/proc/self/net/tcp");
  for (std::string line; std::getline(file, line);)
    if (const auto at = line.find(fmt::format(":{:04X} 00000000:0000 0A", port)); at != std::string::npos)
      return line.substr(at - 8, 8);
  return {};
}

TEST(MeterProxy, Z7_listens_on_loopback_alone) {
  const Origin origin(kChat);
  EXPECT_EQ(listening_address(Bench(origin).proxy->port()), "0100007F");
}

}  // namespace
}  // namespace ipw::agents
