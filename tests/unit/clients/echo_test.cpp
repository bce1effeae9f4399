// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/echo.h"

#include <gtest/gtest.h>

#include <chrono>

#include "ipw/base/error.h"

namespace ipw::clients {
namespace {

using namespace std::chrono_literals;

Params params(std::initializer_list<std::pair<std::string, std::string>> items) {
  Params out;
  for (const auto& [key, value] : items) out.set(key, value);
  return out;
}

Request ask(const std::string& text) {
  return {"echo", {{"user", text}}, {}, Seconds(1)};
}

TEST(Echo, answers_with_the_prompt) {
  VirtualClock clock;
  EXPECT_EQ(make_echo({"", "", {}, 1, &clock})->complete(ask("one two"), {}).content, "one two");
}

TEST(Echo, answers_with_the_given_answer) {
  VirtualClock clock;
  EXPECT_EQ(make_echo({"", "", params({{"answer", "42"}}), 1, &clock})->complete(ask("x"), {}).content, "42");
}

TEST(Echo, tokens_arrive_at_the_given_times) {
  VirtualClock clock;
  const auto client =
      make_echo({"", "", params({{"ttft_ms", "50"}, {"itl_ms", "10"}, {"tokens", "3"}}), 1, &clock});
  const auto response = client->complete(ask("x"), {});
  ASSERT_EQ(response.arrivals.size(), 3u);
  EXPECT_EQ(response.arrivals[0] - response.sent, 50ms);
  EXPECT_EQ(response.arrivals[2] - response.sent, 70ms);
  EXPECT_EQ(response.done, response.arrivals[2]);
  EXPECT_EQ(response.usage.completion_tokens, 3);
}

TEST(Echo, does_not_touch_the_clock_when_no_time_is_asked_for) {
  VirtualClock clock;
  make_echo({"", "", {}, 1, &clock})->complete(ask("a b c"), {});
  EXPECT_EQ(clock.now(), Instant{});
}

TEST(Echo, fails_every_kth_request) {
  VirtualClock clock;
  const auto client = make_echo({"", "", params({{"fail_every", "2"}}), 1, &clock});
  EXPECT_FALSE(client->complete(ask("x"), {}).failure);
  EXPECT_TRUE(client->complete(ask("x"), {}).failure);
}

TEST(Echo, max_tokens_ends_with_length) {
  VirtualClock clock;
  auto request = ask("a b c");
  request.sampling.max_tokens = 2;
  const auto response = make_echo({"", "", {}, 1, &clock})->complete(request, {});
  EXPECT_EQ(response.finish_reason, "length");
  EXPECT_EQ(response.usage.completion_tokens, 2);
}

TEST(Echo, keeps_what_came_before_a_cancellation) {
  VirtualClock clock;
  std::stop_source source;
  source.request_stop();
  const auto response = make_echo({"", "", {}, 1, &clock})->complete(ask("a b c"), source.get_token());
  ASSERT_TRUE(response.failure);
  EXPECT_EQ(response.failure->kind, "cancelled");
}

TEST(Echo, rejects_unknown_parameters) {
  VirtualClock clock;
  EXPECT_THROW(make_echo({"", "", params({{"tokenz", "1"}}), 1, &clock}), Error);
}

}  // namespace
}  // namespace ipw::clients
