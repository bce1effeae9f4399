// SPDX-License-Identifier: Apache-2.0
#include "ipw/agents/react_reply.h"

#include <gmock/gmock.h>

namespace ipw::agents {
namespace {

std::string calls_of(std::string_view text) {
  std::string out;
  for (const auto& call : read_text_reply(text).calls) out += call.name + "|" + call.arguments + ";";
  return out;
}

TEST(TextReply, reads_thought_action_and_input) {
  const auto reply =
      read_text_reply("THOUGHT: I add.\nACTION: calculator\nINPUT: {\"expression\": \"1+1\"}\n");
  EXPECT_EQ(reply.thought, "I add.");
  ASSERT_EQ(reply.calls.size(), 1U);
  EXPECT_EQ(reply.calls[0].name, "calculator");
  EXPECT_EQ(reply.calls[0].arguments, "{\"expression\": \"1+1\"}");
  EXPECT_FALSE(reply.final_answer);
}

TEST(TextReply, reads_a_final_answer_to_the_end_of_the_text) {
  EXPECT_EQ(read_text_reply("THOUGHT: done\nFINAL_ANSWER: one\ntwo\nACTION: three").final_answer,
            "one\ntwo\nACTION: three");
  EXPECT_EQ(read_text_reply("**Final Answer:** 42").final_answer, "42");
  EXPECT_EQ(read_text_reply("final: 42").final_answer, "42");
}

TEST(TextReply, takes_what_models_write_around_the_labels) {
  EXPECT_EQ(calls_of("**ACTION:** `bash`\n**INPUT:**\n```json\n{\"command\": \"ls\"}\n```"),
            "bash|{\"command\": \"ls\"};");
  EXPECT_EQ(calls_of("Action: bash\nAction Input: {\"command\":\n  \"ls\"}\nand so on"),
            "bash|{\"command\":\n  \"ls\"};");
  EXPECT_EQ(calls_of("ACTION: bash({\"command\": \"ls\"})"), "bash|{\"command\": \"ls\"};");
  EXPECT_EQ(calls_of("ACTION: bash {\"command\": \"a } b\"} more"), "bash|{\"command\": \"a } b\"};");
  EXPECT_EQ(calls_of("ACTION: calculator\nINPUT: 1 + 1"), "calculator|1 + 1;");
  EXPECT_EQ(calls_of("ACTION: think"), "think|;");
}

TEST(TextReply, reads_several_actions_in_their_order) {
  EXPECT_EQ(calls_of("ACTION: a\nINPUT: {}\nACTION: b\nINPUT: {\"x\": 1}"), "a|{};b|{\"x\": 1};");
}

TEST(TextReply, does_not_read_what_the_model_made_up) {
  const auto reply = read_text_reply(
      "ACTION: a\nINPUT: {}\nOBSERVATION (a): 5\nTHOUGHT: so\nACTION: b\nINPUT: {}\nFINAL_ANSWER: 5");
  EXPECT_EQ(reply.calls.size(), 1U);
  EXPECT_FALSE(reply.final_answer);
  EXPECT_FALSE(read_text_reply("ACTION: a\nINPUT: {}\nFINAL_ANSWER: 5").final_answer);
}

TEST(TextReply, without_labels_is_neither_call_nor_answer) {
  const auto reply = read_text_reply("The answer is 42. An action: maybe.");
  EXPECT_EQ(reply.thought, "The answer is 42. An action: maybe.");
  EXPECT_TRUE(reply.calls.empty());
  EXPECT_FALSE(reply.final_answer);
  EXPECT_EQ(calls_of("ACTION: None\nINPUT: {}"), "");
  EXPECT_EQ(calls_of("INPUT: {}"), "");
  EXPECT_EQ(calls_of(""), "");
}

TEST(TextReply, has_at_most_sixteen_calls) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "ACTION: a\nINPUT: {}\n";
  EXPECT_EQ(read_text_reply(text).calls.size(), 16U);
}

TEST(TextReply, leaves_reasoning_out) {
  EXPECT_EQ(without_reasoning("<think>a</think> b <think>c</think>d"), "b d");
  EXPECT_EQ(without_reasoning("opened by the template</think>b"), "b");
  EXPECT_EQ(without_reasoning("a <think> never closed"), "a");
  EXPECT_EQ(read_text_reply("<think>ACTION: a</think>FINAL_ANSWER: b").final_answer, "b");
}

}  // namespace
}  // namespace ipw::agents
