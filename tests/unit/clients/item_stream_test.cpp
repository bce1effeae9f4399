// SPDX-License-Identifier: Apache-2.0
// The streams of OpenAI's Responses and Anthropic's Messages, in the forms that their references show.
#include "ipw/clients/item_stream.h"

#include <gmock/gmock.h>

namespace ipw::clients {
namespace {

using ::testing::HasSubstr;

std::vector<StreamEvent> events(std::initializer_list<const char*> data) {
  std::vector<StreamEvent> out;
  for (const auto* text : data) out.push_back({text, Instant(std::chrono::milliseconds(out.size())), false});
  return out;
}

TEST(ResponsesStream, gives_text_reasoning_calls_and_tokens) {
  const auto response = read_responses_stream(events(
      {R"({"type":"response.created","response":{"status":"in_progress"}})",
       R"({"type":"response.reasoning_summary_text.delta","delta":"Hm."})",
       R"({"type":"response.output_text.delta","output_index":1,"delta":"4"})",
       R"({"type":"response.output_text.delta","output_index":1,"delta":"2"})",
       R"({"type":"response.output_item.added","output_index":2,"item":{"type":"function_call","call_id":"c1","name":"add","arguments":""}})",
       R"({"type":"response.function_call_arguments.delta","output_index":2,"delta":"{\"a\":"})",
       R"({"type":"response.function_call_arguments.delta","output_index":2,"delta":"1}"})",
       R"({"type":"response.completed","response":{"status":"completed","usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":4},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":2}}}})"}));
  EXPECT_FALSE(response.failure);
  EXPECT_EQ(response.content, "42");
  EXPECT_EQ(response.reasoning, "Hm.");
  EXPECT_EQ(response.finish_reason, "stop");
  EXPECT_THAT(response.tool_calls_json, HasSubstr(R"("name":"add","arguments":"{\"a\":1}")"));
  EXPECT_EQ(response.usage.prompt_tokens, 9);
  EXPECT_EQ(response.usage.cached_tokens, 4);
  EXPECT_EQ(response.usage.completion_tokens, 7);
  EXPECT_EQ(response.usage.reasoning_tokens, 2);
  EXPECT_EQ(response.arrivals.size(), 5U);
}

TEST(ResponsesStream, says_what_failed_and_what_is_missing) {
  const auto cut = read_responses_stream(events({R"({"type":"response.output_text.delta","delta":"4"})"}));
  EXPECT_EQ(cut.content, "4");
  EXPECT_EQ(cut.failure->kind, "protocol");
  const auto failed = read_responses_stream(
      events({R"({"type":"response.failed","response":{"status":"failed","error":{"message":"too hot"}}})"}));
  EXPECT_EQ(failed.failure->kind, "server");
  EXPECT_EQ(failed.failure->message, "too hot");
}

TEST(ResponsesBody, gives_the_same_without_times) {
  const auto response = read_responses_body(
      R"({"status":"incomplete","output":[{"type":"reasoning","content":[{"text":"x"}]},{"type":"message","content":[{"type":"output_text","text":"42"}]},{"type":"function_call","call_id":"c","name":"add","arguments":"{}"}],"usage":{"input_tokens":3,"output_tokens":5}})");
  EXPECT_EQ(response.content, "42");
  EXPECT_EQ(response.finish_reason, "length");
  EXPECT_EQ(response.usage.completion_tokens, 5);
  EXPECT_THAT(response.tool_calls_json, HasSubstr(R"("id":"c")"));
  EXPECT_TRUE(response.arrivals.empty());
  EXPECT_TRUE(read_responses_body("<html>").failure);
}

TEST(MessagesStream, counts_cached_tokens_as_part_of_the_prompt) {
  const auto response = read_messages_stream(events(
      {R"({"type":"message_start","message":{"usage":{"input_tokens":5,"cache_read_input_tokens":20,"cache_creation_input_tokens":3,"output_tokens":1}}})",
       R"({"type":"ping"})",
       R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}})",
       R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm."}})",
       R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}})",
       R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"42"}})",
       R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t1","name":"add","input":{}}})",
       R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}})",
       R"({"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":15}})",
       R"({"type":"message_stop"})"}));
  EXPECT_FALSE(response.failure);
  EXPECT_EQ(response.content, "42");
  EXPECT_EQ(response.reasoning, "Hm.");
  EXPECT_EQ(response.finish_reason, "tool_calls");
  EXPECT_EQ(response.usage.prompt_tokens, 28);
  EXPECT_EQ(response.usage.cached_tokens, 20);
  EXPECT_EQ(response.usage.completion_tokens, 15);
  EXPECT_THAT(
      response.tool_calls_json,
      HasSubstr(R"({"id":"t1","type":"function","function":{"name":"add","arguments":"{\"a\":1}"}})"));
  EXPECT_EQ(response.arrivals.size(), 3U);
}

TEST(MessagesStream, an_error_event_is_the_failure) {
  const auto response = read_messages_stream(
      events({R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"}));
  EXPECT_EQ(response.failure->kind, "server");
  EXPECT_EQ(response.failure->message, "Overloaded");
}

TEST(MessagesBody, gives_the_same_without_times) {
  const auto response = read_messages_body(
      R"({"type":"message","content":[{"type":"text","text":"42"},{"type":"tool_use","id":"t","name":"add","input":{"a":1}}],"stop_reason":"end_turn","usage":{"input_tokens":2,"output_tokens":3}})");
  EXPECT_FALSE(response.failure);
  EXPECT_EQ(response.content, "42");
  EXPECT_EQ(response.finish_reason, "stop");
  EXPECT_EQ(response.usage.prompt_tokens, 2);
  EXPECT_THAT(response.tool_calls_json, HasSubstr(R"("arguments":"{\"a\":1}")"));
}

}  // namespace
}  // namespace ipw::clients
