// SPDX-License-Identifier: Apache-2.0
#include "ipw/sim/reply_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/text.h"

namespace ipw::sim {
namespace {

std::string answer(const ReplyPlan& plan) {
  return join(std::span(plan.tokens).subspan(plan.reasoning_tokens), "");
}

Asked ask(const std::string& question) {
  Asked out;
  out.text = out.last_question = question;
  out.messages = 1;
  return out;
}

ServerOptions knowing(double accuracy) {
  ServerOptions options;
  options.accuracy = accuracy;
  options.key = [](std::string_view prompt) -> std::optional<KnownAnswer> {
    if (!prompt.starts_with("q")) return std::nullopt;
    return KnownAnswer{"right", "wrong"};
  };
  return options;
}

TEST(Draw, is_constant_or_lognormal_around_its_median) {
  stats::Random random(1);
  EXPECT_DOUBLE_EQ(parse_draw("80").take(random), 80);
  std::vector<double> values(2001);
  std::ranges::generate(values, [&] { return parse_draw("80~0.4").take(random); });
  std::ranges::sort(values);
  EXPECT_NEAR(values[1000], 80, 5);
  EXPECT_NEAR(std::log(values[1683] / 80), 0.4, 0.05);
  EXPECT_THROW(parse_draw("fast"), Error);
  EXPECT_THROW(parse_draw("-1"), Error);
}

TEST(TokensOf, joined_are_the_text) {
  for (const std::string text : {"", "The answer is 42.", "äöü und ein überlanges Wort", "a\nb  c"}) {
    EXPECT_EQ(join(tokens_of(text), ""), text);
    for (const auto& token : tokens_of(text)) EXPECT_EQ(to_valid_utf8(token), token);
  }
  EXPECT_EQ(tokens_of("one two three").size(), 3U);
}

TEST(ReplyPlan, is_right_at_the_asked_accuracy) {
  const auto options = knowing(0.8);
  int right = 0;
  for (int i = 0; i < 1000; ++i)
    right += answer(plan_reply(ask("q" + std::to_string(i)), options)) == "right";
  EXPECT_NEAR(right, 800, 40);
}

TEST(ReplyPlan, is_the_same_for_the_same_seed_and_prompt) {
  auto options = knowing(0.5);
  options.ttft_ms = {80, 0.5};
  options.cost_spread = 0.3;
  const auto a = plan_reply(ask("q1"), options), b = plan_reply(ask("q1"), options);
  EXPECT_EQ(a.tokens, b.tokens);
  EXPECT_DOUBLE_EQ(a.ttft_seconds, b.ttft_seconds);
  EXPECT_DOUBLE_EQ(a.cost, b.cost);
  EXPECT_NE(a.ttft_seconds, plan_reply(ask("q2"), options).ttft_seconds);
}

TEST(ReplyPlan, echoes_says_a_fixed_text_or_that_it_does_not_know) {
  ServerOptions options;
  options.answers = Answers::Echo;
  EXPECT_EQ(answer(plan_reply(ask("hello there"), options)), "hello there");
  options.answers = Answers::Fixed;
  options.fixed_answer = "no";
  EXPECT_EQ(answer(plan_reply(ask("hello there"), options)), "no");
  options = knowing(1);
  EXPECT_EQ(answer(plan_reply(ask("hello there"), options)), "I do not know this question.");
}

TEST(ReplyPlan, reasoning_comes_first_and_the_limit_cuts) {
  auto options = knowing(1);
  options.reasoning_tokens = {20, 0};
  auto asked = ask("q");
  EXPECT_EQ(plan_reply(asked, options).reasoning_tokens, 20U);
  EXPECT_EQ(answer(plan_reply(asked, options)), "right");
  asked.max_tokens = 5;
  const auto plan = plan_reply(asked, options);
  EXPECT_EQ(plan.tokens.size(), 5U);
  EXPECT_EQ(plan.finish_reason, "length");
}

TEST(ReadRequest, takes_texts_and_parts_of_texts) {
  const Json body{{"model", "m"},
                  {"messages",
                   {{{"role", "system"}, {"content", "be brief"}},
                    {{"role", "user"}, {"content", Json::array({{{"type", "text"}, {"text", "why?"}}})}}}},
                  {"max_tokens", 7},
                  {"stream", true},
                  {"stream_options", {{"include_usage", true}}}};
  const auto asked = read_request(body, true, "m").value();
  EXPECT_EQ(asked.last_question, "why?");
  EXPECT_EQ(asked.text, "be briefwhy?");
  EXPECT_EQ(asked.max_tokens, 7U);
  EXPECT_TRUE(asked.stream && asked.include_usage);
}

TEST(ReadRequest, says_what_is_wrong) {
  EXPECT_FALSE(read_request(Json::array(), true, "m"));
  EXPECT_FALSE(read_request({{"model", "other"}, {"messages", Json::array()}}, true, "m"));
  EXPECT_FALSE(read_request({{"model", "m"}}, true, "m"));
  EXPECT_FALSE(read_request({{"model", "m"}, {"messages", "hello"}}, true, "m"));
  EXPECT_FALSE(read_request({{"model", "m"}, {"messages", {1, 2}}}, true, "m"));
  EXPECT_TRUE(read_request({{"model", "m"}, {"prompt", "hello"}}, false, "m"));
}

}  // namespace
}  // namespace ipw::sim
