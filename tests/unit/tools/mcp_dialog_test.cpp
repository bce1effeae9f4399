// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/mcp_dialog.h"

#include <gtest/gtest.h>

#include <future>

namespace ipw::tools::mcp {
namespace {

const Patience kNone{Seconds(0), {}};

std::string result(const std::string& id, const std::string& text) {
  return R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":{"is":")" + text + "\"}}";
}

TEST(McpDialog, gives_each_question_its_own_answer_in_any_order) {
  Dialog dialog(nullptr);
  const auto first = dialog.open(), second = dialog.open();
  EXPECT_EQ(dialog.take(result(second, "b")), "");
  EXPECT_EQ(dialog.take(result(first, "a")), "");
  EXPECT_EQ(dialog.await(first, kNone).message.body, R"({"is":"a"})");
  EXPECT_EQ(dialog.await(second, kNone).message.body, R"({"is":"b"})");
}

TEST(McpDialog, wakes_who_waits) {
  Dialog dialog(nullptr);
  const auto id = dialog.open();
  auto answer = std::async(std::launch::async, [&] { return dialog.await(id, {Seconds(60), {}}); });
  dialog.take(result(id, "a"));
  EXPECT_EQ(answer.get().message.id, id);
}

TEST(McpDialog, says_what_came_instead_of_an_answer) {
  Dialog dialog(nullptr);
  const auto id = dialog.open();
  dialog.take("Server listening...");
  dialog.take(result("\"99\"", "x"));
  const auto late = dialog.await(id, kNone);
  EXPECT_EQ(late.trouble, Trouble::Late);
  EXPECT_EQ(late.why, "no answer within 0 s; it wrote what is no message: Server listening...");
  Dialog other(nullptr);
  other.take(result("7", "x"));
  EXPECT_EQ(other.await(other.open(), kNone).why,
            "no answer within 0 s; it answered 7, which nobody had asked");
}

TEST(McpDialog, lets_an_answer_that_comes_late_or_twice_pass) {
  Dialog dialog(nullptr);
  const auto id = dialog.open();
  EXPECT_EQ(dialog.await(id, kNone).trouble, Trouble::Late);
  dialog.take(result(id, "late"));
  const auto next = dialog.open();
  dialog.take(result(next, "a"));
  dialog.take(result(next, "b"));
  EXPECT_EQ(dialog.await(next, kNone).message.body, R"({"is":"a"})");
}

TEST(McpDialog, answers_a_ping_and_says_that_it_can_nothing_else) {
  Dialog dialog(nullptr);
  EXPECT_EQ(dialog.take(R"({"jsonrpc":"2.0","id":"p","method":"ping"})"),
            R"({"jsonrpc":"2.0","id":"p","result":{}})");
  for (const std::string method : {"sampling/createMessage", "roots/list", "elicitation/create"})
    EXPECT_EQ(dialog.take(R"({"jsonrpc":"2.0","id":5,"method":")" + method + "\"}"),
              R"({"jsonrpc":"2.0","id":5,"error":{"code":-32601,"message":"this client has no ')" + method +
                  "'\"}}");
  EXPECT_EQ(dialog.take(R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}})"),
            "");
}

TEST(McpDialog, passes_notifications_on) {
  std::string heard;
  Dialog dialog([&](std::string_view method) { heard = method; });
  dialog.take(R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})");
  EXPECT_EQ(heard, "notifications/tools/list_changed");
}

TEST(McpDialog, ends_all_questions_with_the_reason) {
  Dialog dialog(nullptr);
  const auto id = dialog.open();
  dialog.end(Trouble::Lost, "the server has ended");
  EXPECT_EQ(dialog.await(id, {Seconds(60), {}}).why, "the server has ended");
  EXPECT_EQ(dialog.await(dialog.open(), {Seconds(60), {}}).trouble, Trouble::Lost);
}

TEST(McpDialog, ends_when_nothing_but_other_text_comes) {
  Dialog dialog(nullptr);
  const auto id = dialog.open();
  for (int i = 0; i < 1001; ++i) dialog.take("tick");
  EXPECT_EQ(dialog.await(id, {Seconds(60), {}}).trouble, Trouble::Nonsense);
}

TEST(McpDialog, knows_whose_answer_is_malformed) {
  Dialog dialog(nullptr);
  const auto id = dialog.open();
  dialog.take(R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":"text"})");
  const auto answer = dialog.await(id, {Seconds(60), {}});
  EXPECT_EQ(answer.trouble, Trouble::Nonsense);
}

TEST(McpDialog, stops_waiting_when_asked_to) {
  Dialog dialog(nullptr);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(dialog.await(dialog.open(), {Seconds(60), stop.get_token()}).trouble, Trouble::Stopped);
}

}  // namespace
}  // namespace ipw::tools::mcp
