// SPDX-License-Identifier: Apache-2.0
#include "ipw/tools/mcp_client.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/http/server.h"
#include "unit/tools/mcp_loop.h"
#include "unit/tools/mcp_tools.h"

namespace ipw::tools::mcp {
namespace {

using Script = ScriptedChannel::Script;
using Log = ScriptedChannel::Log;

constexpr const char* kLegacyHello =
    R"({"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"old","version":"1"}})";
constexpr const char* kOneTool = R"({"tools":[{"name":"t","inputSchema":{"type":"object"}}]})";

/// A client of servers that answer one after the other, a new one for each connection.
struct Scripted {
  explicit Scripted(std::vector<Script> scripts, const std::string& version = "") {
    ServerSpec spec;
    spec.name = "server";
    spec.argv = {"none"};
    spec.version = version;
    client = connect_with(
        [this, scripts = std::move(scripts)](const ServerSpec&, Transport transport,
                                             OnNotification on_notification) {
          notify = std::move(on_notification);
          transports.push_back(transport);
          const auto& script =
              scripts[std::min<std::size_t>(static_cast<std::size_t>(opened++), scripts.size() - 1)];
          return std::make_unique<ScriptedChannel>(script, log);
        },
        spec);
  }
  std::shared_ptr<Log> log = std::make_shared<Log>();
  OnNotification notify;
  int opened = 0;
  std::vector<Transport> transports;
  std::unique_ptr<Client> client;
};

/// An old server; what it does with a call is the test's.
Script legacy(Script on_call, const std::string& list = kOneTool) {
  return [on_call = std::move(on_call), list](const Ask& ask) {
    if (ask.method == "initialize") return result(kLegacyHello);
    if (ask.method == "tools/list") return result(list);
    if (ask.method == "tools/call") return on_call(ask);
    return error(code::kInvalidParams, "Invalid request parameters");
  };
}

std::string call(Client& client) {
  const auto tools = client.tools();
  const auto result = tools.at(0)->call("{}", {});
  return (result.failed ? "failed: " : "") + result.text;
}

TEST(McpClient, A17_lists_and_calls_tools_in_every_revision) {
  const auto served = fake_tools();
  for (const std::string version :
       {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28", ""}) {
    ServerSpec spec;
    spec.argv = {"loop"};
    spec.version = version;
    const auto client =
        connect_with([&](const ServerSpec&, Transport,
                         const OnNotification&) { return std::make_unique<LoopChannel>(served); },
                     spec);
    EXPECT_EQ(client->info().protocol, version.empty() ? "2026-07-28" : version);
    EXPECT_EQ(client->info().name, "ipw");
    const auto tools = client->tools();
    ASSERT_EQ(tools.size(), 4U);
    EXPECT_EQ(tools[0]->spec().name, "echo");
    EXPECT_NE(tools[0]->spec().parameters_json.find("\"text\""), std::string::npos);
    EXPECT_EQ(tools[0]->call(R"({"text":"hi"})", {}).text, R"({"text":"hi"})");
    EXPECT_TRUE(tools[1]->call("", {}).failed);
    EXPECT_EQ(tools[2]->call("{}", {}).text, "the tool 'throws' failed: broken");
    EXPECT_EQ(tools[3]->call("{}", {.wall = Seconds(0.01)}).text, "MCP server loop: no answer within 0.01 s");
  }
}

TEST(McpClient, falls_back_on_the_handshake_whatever_the_error) {
  const Scripted it({legacy([](const Ask&) { return result(R"({"content":[]})"); })});
  EXPECT_EQ(it.client->info().protocol, "2025-06-18");
  EXPECT_EQ(it.client->info().name, "old");
  EXPECT_EQ(it.log->asked, (std::vector<std::string>{"server/discover", "initialize"}));
  EXPECT_EQ(it.log->told, std::vector<std::string>{"notifications/initialized"});
  EXPECT_EQ(it.log->agreed, "2025-06-18");
}

TEST(McpClient, connects_again_to_an_old_server_that_ends_at_what_it_does_not_know) {
  const Script first = [](const Ask&) { return trouble(Trouble::Lost, "the server has ended"); };
  const Scripted it({first, legacy(nullptr)});
  EXPECT_EQ(it.opened, 2);
  EXPECT_EQ(it.client->info().protocol, "2025-06-18");
}

TEST(McpClient, tries_the_oldest_transport_where_http_is_refused) {
  const Script refuses = [](const Ask&) { return trouble(Trouble::Refused, "HTTP 405"); };
  const Scripted it({refuses, legacy(nullptr)});
  EXPECT_EQ(it.transports, (std::vector<Transport>{Transport::Usual, Transport::OldHttp}));
  EXPECT_EQ(it.client->info().name, "old");
  EXPECT_THROW(Scripted({refuses, refuses}), Error);
}

TEST(McpClient, asks_a_modern_server_again_that_was_slow_to_start) {
  int probes = 0;
  const Scripted it({[&](const Ask& ask) {
    if (ask.method == "initialize")
      return error(code::kUnsupportedVersion, "no", R"({"supported":["2026-07-28"]})");
    return ++probes == 1 ? trouble(Trouble::Late, "late") : result(R"({"supportedVersions":["2026-07-28"]})");
  }});
  EXPECT_EQ(it.client->info().protocol, "2026-07-28");
}

TEST(McpClient, cannot_speak_to_a_server_without_a_common_revision) {
  const Script future = [](const Ask&) {
    return error(code::kUnsupportedVersion, "no", R"({"supported":["2099-01-01"]})");
  };
  EXPECT_THROW(Scripted({future}), Error);
  const Script strange = [](const Ask& ask) {
    return ask.method == "initialize" ? result(R"({"protocolVersion":"1.0"})") : error(-32601, "no");
  };
  EXPECT_THROW(Scripted({strange}), Error);
  EXPECT_THROW(Scripted({strange}, "2026-07-28"), Error);
  EXPECT_THROW(Scripted({strange}, "tomorrow"), Error);
}

TEST(McpClient, reads_all_pages_and_none_without_end) {
  int page = 0;
  const auto paged = [&](bool endless) -> Script {
    return [&page, endless](const Ask& ask) {
      if (ask.method == "initialize") return result(kLegacyHello);
      if (ask.method != "tools/list") return error(-32601, "no");
      const auto name = std::to_string(++page);
      const auto next = endless    ? R"(,"nextCursor":"same")"
                        : page < 3 ? R"(,"nextCursor":")" + name + "\""
                                   : std::string();
      return result(R"({"tools":[{"name":")" + name + R"(","inputSchema":{}}])" + next + "}");
    };
  };
  EXPECT_EQ(Scripted({paged(false)}).client->tools().size(), 3U);
  EXPECT_THROW(Scripted({paged(true)}).client->tools(), Error);
}

TEST(McpClient, pages_that_bring_nothing_end_too) {
  int page = 0;
  const auto empty = [&](const Ask& ask) {
    if (ask.method == "initialize") return result(kLegacyHello);
    if (ask.method != "tools/list") return error(-32601, "no");
    return result(fmt::format(R"({{"tools":[],"nextCursor":"{}"}})", ++page));
  };
  EXPECT_THROW(Scripted({empty}).client->tools(), Error);
  EXPECT_EQ(page, 1001);
}

TEST(SseChannel, a_request_that_failed_in_the_server_is_not_asked_again) {
  int asked = 0;
  const auto server = http::serve([&](const http::ServerRequest& request) {
    if (request.method == "POST") return ++asked, http::ServerResponse{500, {}, "no", {}};
    http::ServerResponse stream{200, {{"Content-Type", "text/event-stream"}}, {}, {}};
    stream.stream = [first = true]() mutable {
      const bool begins = std::exchange(first, false);
      return begins ? http::Piece{"event: endpoint\ndata: /post\n\n"}
                    : http::Piece{": \n\n", std::chrono::hours(1)};
    };
    return stream;
  });
  ServerSpec spec;
  spec.url = fmt::format("http://127.0.0.1:{}/sse", server->port());
  const auto answer = open_sse_channel(spec, nullptr)->ask({"tools/call", "{}", "", {}}, {Seconds(5), {}});
  EXPECT_EQ(answer.trouble, Trouble::Refused);
  EXPECT_EQ(answer.why, "HTTP 500");
  EXPECT_EQ(asked, 1);
}

/// A server of the old revision that answers a request only when the answer stands in its stream, as that of
/// Java does, and then not at all.
TEST(SseChannel, a_request_that_is_not_acknowledged_is_not_asked_again) {
  std::string id;
  int asked = 0;
  const auto server = http::serve([&](const http::ServerRequest& request) {
    if (request.method == "POST") {
      ++asked;
      id = parse_json(request.body).value()["id"].dump();
      return http::ServerResponse{200, {}, {}, [] { return http::Piece{"x", std::chrono::hours(1)}; }};
    }
    http::ServerResponse stream{200, {{"Content-Type", "text/event-stream"}}, {}, {}};
    stream.stream = [&id, told = 0]() mutable {
      if (told == 0) return ++told, http::Piece{"event: endpoint\ndata: /post\n\n"};
      if (told == 1 && !id.empty())
        return ++told,
               http::Piece{fmt::format(
                   "event: message\ndata: {{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{{}}}}\n\n", id)};
      return http::Piece{": nothing\n\n", std::chrono::milliseconds(20)};
    };
    return stream;
  });
  ServerSpec spec;
  spec.url = fmt::format("http://127.0.0.1:{}/sse", server->port());
  const auto channel = open_sse_channel(spec, nullptr);
  const auto answer = channel->ask({"tools/call", "{}", "", {}}, {Seconds(0.5), {}});
  EXPECT_EQ(answer.trouble, Trouble::None) << answer.why;
  EXPECT_EQ(asked, 1);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(channel->ask({"tools/call", "{}", "", {}}, {Seconds(60), stop.get_token()}).trouble,
            Trouble::Stopped);
}

TEST(McpClient, refuses_a_list_with_one_name_twice) {
  const auto twice = R"({"tools":[{"name":"t","inputSchema":{}},{"name":"t","inputSchema":{}}]})";
  EXPECT_THROW(Scripted({legacy(nullptr, twice)}).client->tools(), Error);
}

TEST(McpClient, hears_that_the_tools_have_changed) {
  const Scripted it({legacy(nullptr)});
  it.client->tools();
  EXPECT_FALSE(it.client->info().tools_have_changed);
  it.notify("notifications/tools/list_changed");
  EXPECT_TRUE(it.client->info().tools_have_changed);
  it.client->tools();
  EXPECT_FALSE(it.client->info().tools_have_changed);
}

TEST(McpClient, tells_the_model_of_errors_and_wrong_arguments) {
  const Scripted it({legacy([](const Ask&) { return error(-32602, "no such thing"); })});
  EXPECT_EQ(call(*it.client), "failed: server: error -32602: no such thing");
  const auto tools = it.client->tools();
  EXPECT_TRUE(tools[0]->call("[1]", {}).failed);
  EXPECT_TRUE(tools[0]->call("no JSON", {}).failed);
}

TEST(McpClient, connects_again_once_and_repeats_what_the_server_has_not_got) {
  for (const auto kind : {Trouble::Unsent, Trouble::Expired}) {
    const Scripted it({legacy([&](const Ask&) { return trouble(kind, "gone"); }), legacy([](const Ask&) {
                         return result(R"({"content":[{"type":"text","text":"done"}]})");
                       })});
    EXPECT_EQ(call(*it.client), "done");
    EXPECT_EQ(it.opened, 2);
  }
  const Scripted always({legacy([](const Ask&) { return trouble(Trouble::Unsent, "gone"); })});
  EXPECT_EQ(call(*always.client), "failed: server: gone");
  EXPECT_EQ(always.opened, 2);
}

TEST(McpClient, repeats_no_call_that_may_have_had_its_effect) {
  const auto lost = [](const Ask&) { return trouble(Trouble::Lost, "the server has ended"); };
  const auto done = [](const Ask&) { return result(R"({"content":[{"type":"text","text":"done"}]})"); };
  const Scripted it({legacy(lost), legacy(done)});
  EXPECT_TRUE(call(*it.client).starts_with("failed: server: the server has ended; it runs again"));
  EXPECT_EQ(call(*it.client), "done");
  const auto harmless = R"({"tools":[{"name":"t","inputSchema":{},"annotations":{"idempotentHint":true}}]})";
  const Scripted other({legacy(lost, harmless), legacy(done, harmless)});
  EXPECT_EQ(call(*other.client), "done");
}

TEST(McpClient, says_why_it_cannot_connect_again) {
  const Scripted it({legacy([](const Ask&) { return trouble(Trouble::Unsent, "gone"); }),
                     [](const Ask&) { return trouble(Trouble::Unsent, "cannot connect"); }});
  EXPECT_EQ(call(*it.client), "failed: server: cannot connect");
}

TEST(McpClient, makes_calls_from_many_threads_at_once) {
  const auto served = fake_tools();
  ServerSpec spec;
  spec.argv = {"loop"};
  const auto client =
      connect_with([&](const ServerSpec&, Transport,
                       const OnNotification&) { return std::make_unique<LoopChannel>(served); },
                   spec);
  const auto tools = client->tools();
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      for (int k = 0; k < 50; ++k) {
        const auto text = "{\"n\":" + std::to_string(1000 * i + k) + "}";
        EXPECT_EQ(tools[0]->call(text, {}).text, text);
      }
    });
}

TEST(McpSpec, is_an_address_an_object_or_a_command_line) {
  EXPECT_EQ(parse_server(" http://localhost:1/mcp ").url, "http://localhost:1/mcp");
  EXPECT_EQ(parse_server("uvx 'a b'c \"\" d").argv, (std::vector<std::string>{"uvx", "a bc", "", "d"}));
  const auto program = parse_server(
      R"({"command":"node","args":["s.js"],"env":{"KEY":"v"},"cwd":"/tmp","version":"2025-06-18"})");
  EXPECT_EQ(program.argv, (std::vector<std::string>{"node", "s.js"}));
  EXPECT_EQ(program.environment, std::vector<std::string>{"KEY=v"});
  EXPECT_EQ(program.folder, "/tmp");
  EXPECT_EQ(program.version, "2025-06-18");
  const auto remote = parse_server(R"({"url":"https://a","headers":{"Authorization":"Bearer x"}})");
  EXPECT_EQ(remote.headers, (http::Headers{{"Authorization", "Bearer x"}}));
  for (const auto* wrong :
       {"", "{", "{}", "'open", R"({"command":"a","url":"http://b"})", R"({"command":"a","args":"b"})",
        R"({"kommand":"a"})", R"({"command":"a","env":{"B":1}})", R"({"args":["a"]})"})
    EXPECT_THROW(parse_server(wrong), Error) << wrong;
}

}  // namespace
}  // namespace ipw::tools::mcp
