// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/mcp_server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "ipw/base/json.h"
#include "ipw/base/subprocess.h"
#include "ipw/tools/mcp_calls.h"
#include "ipw/tools/mcp_serve.h"
#include "unit/tools/mcp_tools.h"

namespace ipw::tools::mcp {
namespace {

constexpr const char* kInitialize =
    R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}})";
constexpr const char* kMeta =
    R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}})";

class McpServer : public ::testing::Test {
 protected:
  ServerStep take(const std::string& text) { return session.take(parse_packet(text).messages.front()); }
  Json reply(const std::string& text) { return Json::parse(take(text).reply); }
  /// What comes of a packet in the end; null when nothing does.
  Json handled(const std::string& text) {
    std::promise<PacketReply> promise;
    calls.handle(session, "", parse_packet(text), {},
                 [&](PacketReply r) { promise.set_value(std::move(r)); });
    const auto done = promise.get_future().get();
    return done.text.empty() ? Json(nullptr) : Json::parse(done.text);
  }
  Json call(const std::string& name, const std::string& arguments = "{}") {
    return handled(R"({"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":")" + name +
                   R"(","arguments":)" + arguments + "}}");
  }

  ToolSet tools = fake_tools();
  ServerSession session{tools};
  Calls calls{ToolContext{}};
};

TEST_F(McpServer, A17_lists_its_tools_with_the_schema_of_their_arguments) {
  const auto hello = reply(kInitialize)["result"];
  EXPECT_EQ(hello["protocolVersion"], "2025-06-18");
  EXPECT_EQ(hello["serverInfo"]["name"], "ipw");
  EXPECT_TRUE(hello["capabilities"].contains("tools"));
  EXPECT_EQ(take(R"({"jsonrpc":"2.0","method":"notifications/initialized"})").reply, "");
  const auto list = reply(R"({"jsonrpc":"2.0","id":"x","method":"tools/list"})");
  EXPECT_EQ(list["id"], "x");
  ASSERT_EQ(list["result"]["tools"].size(), 4U);
  EXPECT_EQ(list["result"]["tools"][0]["name"], "echo");
  EXPECT_EQ(list["result"]["tools"][0]["inputSchema"]["type"], "object");
}

TEST_F(McpServer, A19_asking_whether_it_lives_and_what_it_has_calls_no_tool) {
  int called = 0;
  ToolSet counting;
  counting.push_back(std::make_unique<FakeTool>("count", [&](const auto&, const auto&) {
    ++called;
    return ToolResult{"done", false};
  }));
  ServerSession fresh(counting);
  for (const auto* text :
       {R"({"jsonrpc":"2.0","id":1,"method":"ping"})", kInitialize,
        R"({"jsonrpc":"2.0","method":"notifications/initialized"})",
        R"({"jsonrpc":"2.0","id":2,"method":"ping"})", R"({"jsonrpc":"2.0","id":3,"method":"tools/list"})"})
    fresh.take(parse_packet(text).messages.front());
  EXPECT_EQ(called, 0);
}

TEST(McpMessage, what_is_no_request_has_no_version) {
  EXPECT_EQ(version_of(Message{}), "");
}

TEST_F(McpServer, agrees_on_the_clients_revision_or_offers_its_own) {
  for (const auto version : kLegacyVersions) {
    ServerSession fresh(tools);
    const auto text =
        std::string(R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":")") +
        std::string(version) + "\"}}";
    fresh.take(parse_packet(text).messages.front());
    EXPECT_EQ(fresh.version(), version);
  }
  EXPECT_EQ(
      reply(R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"1999-01-01"}})")
          ["result"]["protocolVersion"],
      "2025-11-25");
  EXPECT_EQ(reply(kInitialize)["error"]["code"], code::kInvalidRequest);  // a second time
}

TEST_F(McpServer, wants_a_handshake_before_all_but_ping) {
  EXPECT_EQ(reply(R"({"jsonrpc":"2.0","id":1,"method":"ping"})")["result"], Json::object());
  EXPECT_EQ(reply(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})")["error"]["code"],
            code::kInvalidRequest);
  EXPECT_EQ(reply(R"({"jsonrpc":"2.0","id":1,"method":"initialize"})")["error"]["code"],
            code::kInvalidParams);
}

TEST_F(McpServer, needs_no_handshake_in_the_modern_era) {
  const auto found =
      reply(std::string(R"({"jsonrpc":"2.0","id":1,"method":"server/discover","params":{)") + kMeta + "}}");
  EXPECT_EQ(found["result"]["supportedVersions"], Json({"2026-07-28"}));
  EXPECT_EQ(found["result"]["resultType"], "complete");
  const auto list =
      reply(std::string(R"({"jsonrpc":"2.0","id":1,"method":"tools/list","params":{)") + kMeta + "}}");
  EXPECT_EQ(list["result"]["tools"].size(), 4U);
  EXPECT_EQ(list["result"]["ttlMs"], 0);
  EXPECT_EQ(list["result"]["cacheScope"], "private");
  const auto called = handled(
      std::string(
          R"({"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{"a":1},)") +
      kMeta + "}}");
  EXPECT_EQ(called["result"]["content"][0]["text"], R"({"a":1})");
  EXPECT_EQ(called["result"]["resultType"], "complete");
  EXPECT_EQ(called["result"]["_meta"][kServerKey]["name"], "ipw");
}

TEST_F(McpServer, says_which_modern_revisions_it_has) {
  const auto wrong = reply(
      R"({"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2099-01-01","io.modelcontextprotocol/clientCapabilities":{}}}})");
  EXPECT_EQ(wrong["error"]["code"], code::kUnsupportedVersion);
  EXPECT_EQ(wrong["error"]["data"]["supported"], Json({"2026-07-28"}));
  EXPECT_EQ(wrong["error"]["data"]["requested"], "2099-01-01");
  const auto half = reply(
      R"({"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}})");
  EXPECT_EQ(half["error"]["code"], code::kInvalidParams);
  EXPECT_EQ(reply(R"({"jsonrpc":"2.0","id":1,"method":"server/discover"})")["error"]["code"],
            code::kInvalidParams);
}

TEST_F(McpServer, A23_marks_the_failure_of_a_tool_as_one) {
  take(kInitialize);
  EXPECT_EQ(call("echo", R"({"text":"hi"})")["result"],
            Json::parse(R"({"content":[{"type":"text","text":"{\"text\":\"hi\"}"}],"isError":false})"));
  EXPECT_EQ(call("fail")["result"]["isError"], true);
  const auto thrown = call("throws")["result"];
  EXPECT_EQ(thrown["isError"], true);
  EXPECT_EQ(thrown["content"][0]["text"], "the tool 'throws' failed: broken");
}

TEST_F(McpServer, answers_a_wrong_call_with_an_error) {
  take(kInitialize);
  EXPECT_EQ(call("absent")["error"]["message"], "unknown tool 'absent'");
  EXPECT_EQ(call("echo", "[1]")["error"]["code"], code::kInvalidParams);
  EXPECT_EQ(handled(R"({"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":3}})")["error"]["code"],
            code::kInvalidParams);
  EXPECT_EQ(handled(R"({"jsonrpc":"2.0","id":4,"method":"prompts/list"})")["error"]["code"],
            code::kMethodNotFound);
  EXPECT_EQ(
      handled(R"({"jsonrpc":"2.0","id":4,"method":"tools/list","params":{"cursor":"2"}})")["error"]["code"],
      code::kInvalidParams);
  EXPECT_EQ(handled("no JSON")["error"]["code"], code::kParse);
}

TEST_F(McpServer, says_nothing_more_of_a_call_that_is_cancelled) {
  take(kInitialize);
  std::promise<PacketReply> promise;
  calls.handle(session, "",
               parse_packet(R"({"jsonrpc":"2.0","id":"w","method":"tools/call","params":{"name":"wait"}})"),
               {}, [&](PacketReply r) { promise.set_value(std::move(r)); });
  auto waited = promise.get_future();
  EXPECT_TRUE(
      handled(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"other"}})")
          .is_null());
  EXPECT_EQ(call("echo")["id"], 4);  // in the meantime
  EXPECT_TRUE(handled(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"w"}})")
                  .is_null());
  EXPECT_EQ(waited.get().text, "");
}

TEST_F(McpServer, ends_calls_of_a_client_that_has_gone_and_all_when_it_closes) {
  take(kInitialize);
  const auto packet =
      parse_packet(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait"}})");
  std::stop_source gone;
  std::promise<PacketReply> first, second, third;
  calls.handle(session, "a", packet, gone.get_token(), [&](PacketReply r) { first.set_value(std::move(r)); });
  gone.request_stop();
  EXPECT_EQ(first.get_future().get().text, "");
  calls.handle(session, "b", packet, {}, [&](PacketReply r) { second.set_value(std::move(r)); });
  calls.close();
  EXPECT_EQ(second.get_future().get().text, "");
  calls.handle(session, "c", packet, {}, [&](PacketReply r) { third.set_value(std::move(r)); });
  EXPECT_EQ(third.get_future().get().text, "");
}

TEST_F(McpServer, takes_batches_in_the_revisions_that_have_them) {
  const std::string batch =
      R"([{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"n"},{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo"}}])";
  EXPECT_EQ(handled(batch)["error"]["code"], code::kInvalidRequest);
  take(R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26"}})");
  const auto replies = handled(batch);
  ASSERT_EQ(replies.size(), 2U);
  EXPECT_EQ(replies[1]["id"], 2);
  EXPECT_TRUE(handled(R"([{"jsonrpc":"2.0","method":"n"}])").is_null());
}

TEST_F(McpServer, makes_a_hundred_calls_that_were_asked_for_at_once) {
  take(kInitialize);
  std::promise<void> all;
  std::atomic<int> left = 100;
  for (int i = 0; i < 100; ++i)
    calls.handle(session, "",
                 parse_packet(R"({"jsonrpc":"2.0","id":)" + std::to_string(i) +
                              R"(,"method":"tools/call","params":{"name":"echo"}})"),
                 {}, [&](const PacketReply& r) {
                   EXPECT_NE(r.text, "");
                   if (--left == 0) all.set_value();
                 });
  all.get_future().get();
}

TEST(McpStreams, a_client_that_does_not_read_keeps_nobody_from_ending) {
  std::array<int, 2> in{}, out{};
  ASSERT_EQ(::pipe2(in.data(), O_CLOEXEC) | ::pipe2(out.data(), O_CLOEXEC), 0);
  std::string pings;
  for (int i = 0; i < 3000; ++i)
    pings += R"({"jsonrpc":"2.0","id":1,"method":"ping"})"
             "\n";
  std::thread client([&] { write_pipe(in[1], pings, Seconds(20)); });
  std::stop_source stop;
  std::thread server([&] { serve_streams({}, {}, in[0], out[1], stop.get_token()); });
  const auto is_full = [&] {
    pollfd room{out[1], POLLOUT, 0};
    return ::poll(&room, 1, 0) == 0;
  };
  while (!is_full()) std::this_thread::yield();
  stop.request_stop();
  server.join();
  ::close(in[0]);
  client.join();
  for (const int fd : {in[1], out[0], out[1]}) ::close(fd);
}

}  // namespace
}  // namespace ipw::tools::mcp
