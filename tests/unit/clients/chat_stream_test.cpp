// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/chat_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "events.h"

namespace ipw::clients {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ChatStream, M48_a_delta_that_only_names_a_role_is_no_token) {
  const auto response = read_chat_stream(
      events({delta(R"("role":"assistant","content":"")"), delta(R"("content":"a")"), kFinish, "[DONE]"}));
  EXPECT_THAT(response.arrivals, ElementsAre(at_ms(20)));
}

TEST(ChatStream, M48_reasoning_is_the_first_token_and_the_answers_first_stays_known) {
  const auto response =
      read_chat_stream(events({delta(R"("reasoning":"hm")"), delta(R"("content":"a")"), kFinish, "[DONE]"}));
  EXPECT_EQ(response.reasoning, "hm");
  EXPECT_EQ(response.content, "a");
  EXPECT_THAT(response.arrivals, ElementsAre(at_ms(10), at_ms(20)));
  EXPECT_EQ(response.first_content, at_ms(20));
}

class ReasoningName : public testing::TestWithParam<const char*> {};

TEST_P(ReasoningName, is_understood) {
  const auto response =
      read_chat_stream(events({delta(std::string("\"") + GetParam() + R"(":"hm")"), kFinish, "[DONE]"}));
  EXPECT_EQ(response.reasoning, "hm");
  EXPECT_EQ(response.arrivals.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(ChatStream, ReasoningName,
                         testing::Values("reasoning", "reasoning_content", "thinking"));

TEST(ChatStream, reasoning_under_two_names_at_once_is_taken_once) {
  const auto response =
      read_chat_stream(events({delta(R"("reasoning":"hm","reasoning_content":"hm")"), kFinish, "[DONE]"}));
  EXPECT_EQ(response.reasoning, "hm");
}

TEST(ChatStream, a_think_block_stays_in_the_answer_and_is_noted) {
  const auto response =
      read_chat_stream(events({delta(R"("content":"<think>x</think>4")"), kFinish, "[DONE]"}));
  EXPECT_EQ(response.content, "<think>x</think>4");
  EXPECT_THAT(response.notes, testing::Contains(HasSubstr("<think>")));
}

TEST(ChatStream, a_refusal_is_text) {
  EXPECT_EQ(read_chat_stream(events({delta(R"("refusal":"no")"), kFinish, "[DONE]"})).content, "no");
}

TEST(ChatStream, text_completions_are_understood) {
  const auto response =
      read_chat_stream(events({R"({"choices":[{"text":"a","finish_reason":"length"}]})", "[DONE]"}));
  EXPECT_EQ(response.content, "a");
  EXPECT_EQ(response.finish_reason, "length");
}

TEST(ChatStream, fragments_of_interleaved_tool_calls_are_joined_by_index) {
  const auto response = read_chat_stream(
      events({delta(R"("tool_calls":[{"index":0,"id":"a","function":{"name":"add","arguments":"{\"x\""}}])"),
              delta(R"("tool_calls":[{"index":1,"id":"b","function":{"name":"sub","arguments":"{}"}}])"),
              delta(R"("tool_calls":[{"index":0,"function":{"arguments":":1}"}}])"), kFinish, "[DONE]"}));
  EXPECT_EQ(response.tool_calls_json,
            R"([{"id":"a","type":"function","function":{"name":"add","arguments":"{\"x\":1}"}},)"
            R"({"id":"b","type":"function","function":{"name":"sub","arguments":"{}"}}])");
  EXPECT_EQ(response.arrivals.size(), 3u);
}

TEST(ChatStream, tool_calls_without_an_index_go_by_position) {
  const auto response = read_chat_stream(
      events({delta(R"("tool_calls":[{"id":"a","function":{"name":"f","arguments":"{"}}])"),
              delta(R"("tool_calls":[{"function":{"arguments":"}"}}])"), kFinish, "[DONE]"}));
  EXPECT_THAT(response.tool_calls_json, HasSubstr(R"("arguments":"{}")"));
}

TEST(ChatStream, M49_usage_of_its_own_chunk_is_read_with_its_details) {
  const auto response = read_chat_stream(
      events({delta(R"("content":"a")"), kFinish,
              R"({"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2,"prompt_tokens_details":)"
              R"({"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":1}}})",
              "[DONE]"}));
  EXPECT_EQ(response.usage.prompt_tokens, 7);
  EXPECT_EQ(response.usage.completion_tokens, 2);
  EXPECT_EQ(response.usage.cached_tokens, 4);
  EXPECT_EQ(response.usage.reasoning_tokens, 1);
  EXPECT_EQ(response.usage.source, "server");
}

TEST(ChatStream, M49_usage_on_the_finish_chunk_is_read) {
  const auto response = read_chat_stream(events(
      {delta(R"("content":"a")"),
       R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":2}})",
       R"({"choices":[],"usage":null})", "[DONE]"}));
  EXPECT_EQ(response.usage.prompt_tokens, 7);
}

TEST(ChatStream, M49_without_usage_events_are_counted_and_the_prompt_stays_unknown) {
  const auto response =
      read_chat_stream(events({delta(R"("content":"a")"), delta(R"("content":"b")"), kFinish, "[DONE]"}));
  EXPECT_EQ(response.usage.completion_tokens, 2);
  EXPECT_EQ(response.usage.source, "counted");
  EXPECT_FALSE(response.usage.prompt_tokens);
}

TEST(ChatStream, an_empty_delta_whose_usage_grew_is_an_arrival) {
  const auto response = read_chat_stream(events(
      {R"({"choices":[{"delta":{}}],"usage":{"completion_tokens":1}})",
       R"({"choices":[{"delta":{"content":"ab"}}],"usage":{"completion_tokens":2}})", kFinish, "[DONE]"}));
  EXPECT_EQ(response.arrivals.size(), 2u);
}

TEST(ChatStream, llama_servers_timings_give_prefill_decode_and_counts) {
  const auto response = read_chat_stream(
      events({delta(R"("content":"a")"),
              R"({"choices":[{"delta":{},"finish_reason":"stop"}],"timings":{"cache_n":3,"prompt_n":4,)"
              R"("prompt_ms":2.5,"predicted_n":2,"predicted_ms":1.5}})",
              "[DONE]"}));
  EXPECT_EQ(response.prefill, Seconds(0.0025));
  EXPECT_EQ(response.decode, Seconds(0.0015));
  EXPECT_EQ(response.usage.prompt_tokens, 7);
  EXPECT_EQ(response.usage.cached_tokens, 3);
  EXPECT_EQ(response.usage.completion_tokens, 2);
  EXPECT_THAT(response.timings_json, HasSubstr(R"("prompt_ms":2.5)"));
}

TEST(ChatStream, X16_an_error_in_mid_stream_is_a_failure_with_its_text_and_keeps_what_came) {
  const auto response =
      read_chat_stream(events({delta(R"("content":"a")"), R"({"error":{"message":"out of memory"}})"}));
  ASSERT_TRUE(response.failure);
  EXPECT_EQ(response.failure->kind, "server");
  EXPECT_EQ(response.failure->message, "out of memory");
  EXPECT_EQ(response.content, "a");
}

TEST(ChatStream, a_bare_error_object_is_a_failure) {
  const auto response = read_chat_stream(events({R"({"object":"error","message":"bad"})"}));
  ASSERT_TRUE(response.failure);
  EXPECT_EQ(response.failure->message, "bad");
}

TEST(ChatStream, X16_a_chunk_that_is_no_json_is_a_protocol_failure_and_keeps_the_rest) {
  const auto response =
      read_chat_stream(events({delta(R"("content":"a")"), "{oops", delta(R"("content":"b")"), "[DONE]"}));
  ASSERT_TRUE(response.failure);
  EXPECT_EQ(response.failure->kind, "protocol");
  EXPECT_EQ(response.content, "ab");
}

TEST(ChatStream, a_stream_without_finish_and_done_is_broken_but_keeps_its_text) {
  const auto response = read_chat_stream(events({delta(R"("content":"a")")}));
  ASSERT_TRUE(response.failure);
  EXPECT_EQ(response.failure->kind, "protocol");
  EXPECT_EQ(response.content, "a");
}

TEST(ChatStream, a_finish_reason_without_done_is_whole) {
  EXPECT_FALSE(read_chat_stream(events({delta(R"("content":"a")"), kFinish})).failure);
}

TEST(ChatStream, odd_types_are_ignored_instead_of_trusted) {
  const auto response = read_chat_stream(
      events({R"({"choices":[{"delta":{"content":5,"tool_calls":"x"},"finish_reason":7}],"usage":[1]})",
              R"({"choices":"none","timings":3})", R"({"choices":[null]})", kFinish, "[DONE]"}));
  EXPECT_FALSE(response.failure);
  EXPECT_THAT(response.arrivals, IsEmpty());
}

TEST(ChatBody, a_whole_completion_has_text_and_usage_but_no_first_token) {
  const auto response = read_chat_body(
      R"({"choices":[{"message":{"content":"a"},"finish_reason":"stop"}],"usage":{"completion_tokens":1}})",
      at_ms(5));
  EXPECT_FALSE(response.failure);
  EXPECT_EQ(response.content, "a");
  EXPECT_THAT(response.arrivals, IsEmpty());
  EXPECT_EQ(response.usage.completion_tokens, 1);
}

TEST(ChatBody, a_web_page_is_a_protocol_failure_that_shows_its_start) {
  const auto response = read_chat_body("<html>Welcome", at_ms(5));
  ASSERT_TRUE(response.failure);
  EXPECT_EQ(response.failure->kind, "protocol");
  EXPECT_THAT(response.failure->message, HasSubstr("<html>"));
}

TEST(OllamaStream, chat_lines_give_text_thinking_and_durations_in_nanoseconds) {
  const auto response = read_ollama_stream(events(
      {R"({"message":{"role":"assistant","content":"","thinking":"hm"},"done":false})",
       R"({"message":{"content":"4"},"done":false})",
       R"({"message":{"content":""},"done":true,"done_reason":"stop","prompt_eval_count":7,"eval_count":2,)"
       R"("prompt_eval_duration":2000000,"eval_duration":3000000})"}));
  EXPECT_EQ(response.content, "4");
  EXPECT_EQ(response.reasoning, "hm");
  EXPECT_THAT(response.arrivals, ElementsAre(at_ms(10), at_ms(20)));
  EXPECT_EQ(response.prefill, Seconds(0.002));
  EXPECT_EQ(response.decode, Seconds(0.003));
  EXPECT_EQ(response.usage.prompt_tokens, 7);
}

TEST(OllamaStream, generate_lines_are_understood) {
  const auto response = read_ollama_stream(events({R"({"response":"4","thinking":"","done":false})",
                                                   R"({"response":"","done":true,"done_reason":"length"})"}));
  EXPECT_EQ(response.content, "4");
  EXPECT_EQ(response.finish_reason, "length");
}

TEST(OllamaStream, M49_an_absent_prompt_count_stays_absent) {
  const auto response =
      read_ollama_stream(events({R"({"response":"4","done":false})", R"({"done":true,"eval_count":2})"}));
  EXPECT_FALSE(response.usage.prompt_tokens);
  EXPECT_EQ(response.usage.completion_tokens, 2);
}

TEST(OllamaStream, X16_an_error_line_is_a_failure_with_its_text) {
  const auto response =
      read_ollama_stream(events({R"({"response":"4","done":false})", R"({"error":"model crashed"})"}));
  ASSERT_TRUE(response.failure);
  EXPECT_EQ(response.failure->kind, "server");
  EXPECT_EQ(response.failure->message, "model crashed");
  EXPECT_EQ(response.content, "4");
}

TEST(OllamaStream, a_stream_without_a_last_line_is_broken) {
  const auto response = read_ollama_stream(events({R"({"response":"4","done":false})"}));
  ASSERT_TRUE(response.failure);
  EXPECT_EQ(response.failure->kind, "protocol");
}

TEST(OllamaStream, tool_arguments_are_an_object_there) {
  const auto response = read_ollama_stream(
      events({R"({"message":{"tool_calls":[{"function":{"name":"f","arguments":{"x":1}}}]},"done":true})"}));
  EXPECT_THAT(response.tool_calls_json, HasSubstr(R"("arguments":"{\"x\":1}")"));
}

}  // namespace
}  // namespace ipw::clients
