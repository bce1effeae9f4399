// SPDX-License-Identifier: Apache-2.0
// The agent `react` with a scripted model: what it sends, runs, counts and how it ends.
#include "ipw/agents/react.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/http/server.h"
#include "support/local_place.h"

namespace ipw::agents {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

struct Told {
  std::string tool, arguments, trouble;
  bool ended = false;
};

class Watch final : public ToolWatch {
 public:
  std::int64_t begin(const std::string& tool, const std::string& arguments) override {
    calls.push_back({tool, arguments, {}, false});
    return static_cast<std::int64_t>(calls.size() - 1);
  }
  void end(std::int64_t call, const std::string&, const std::string& trouble) override {
    auto& told = calls.at(static_cast<std::size_t>(call));
    EXPECT_FALSE(told.ended);
    told.trouble = trouble;
    told.ended = true;
  }
  std::vector<Told> calls;
};

std::string event(const Json& value) {
  return "data: " + dump_json(value) + "\n\n";
}

http::ServerResponse stream_of(const std::vector<Json>& deltas, const std::string& finish) {
  std::string body;
  for (const auto& delta : deltas) body += event({{"choices", {{{"index", 0}, {"delta", delta}}}}});
  body += event({{"choices", {{{"index", 0}, {"delta", Json::object()}, {"finish_reason", finish}}}}});
  return {200, {{"Content-Type", "text/event-stream"}}, body + "data: [DONE]\n\n", {}};
}

http::ServerResponse says(const std::string& text) {
  return stream_of({{{"role", "assistant"}}, {{"content", text}}}, "stop");
}

/// Calls of tools, each name and arguments, in pieces as servers stream them.
http::ServerResponse calls(const std::vector<std::pair<std::string, std::string>>& list) {
  std::vector<Json> deltas = {{{"role", "assistant"}, {"content", "I call."}}};
  int i = 0;
  for (const auto& [name, arguments] : list) {
    const auto half = arguments.size() / 2;
    deltas.push_back({{"tool_calls",
                       {{{"index", i},
                         {"id", fmt::format("id{}", i)},
                         {"type", "function"},
                         {"function", {{"name", name}, {"arguments", arguments.substr(0, half)}}}}}}});
    deltas.push_back(
        {{"tool_calls", {{{"index", i}, {"function", {{"arguments", arguments.substr(half)}}}}}}});
    ++i;
  }
  return stream_of(deltas, "tool_calls");
}

http::ServerResponse refuses(int status, const std::string& message, http::Headers headers = {}) {
  headers.emplace_back("Content-Type", "application/json");
  return {status, std::move(headers), dump_json({{"error", {{"message", message}}}}), {}};
}

/// Gives its replies one after another, the last one for ever.
class Model {
 public:
  explicit Model(std::vector<http::ServerResponse> replies) : replies_(replies.begin(), replies.end()) {
    server_ = http::serve([this](const http::ServerRequest& request) {
      const std::lock_guard lock(mutex_);
      bodies_.push_back(request.body);
      auto reply = replies_.front();
      if (replies_.size() > 1) replies_.pop_front();
      return reply;
    });
  }
  ModelAccess access() const { return {fmt::format("http://127.0.0.1:{}/v1", server_->port()), "key", "m"}; }
  std::size_t asked() const { return bodies_.size(); }
  Json body(std::size_t i) const { return *parse_json(bodies_.at(i)); }
  Json message(std::size_t request, int from_end) const {
    const auto messages = body(request)["messages"];
    return messages[messages.size() - static_cast<std::size_t>(from_end)];
  }

 private:
  std::mutex mutex_;
  std::deque<http::ServerResponse> replies_;
  std::vector<std::string> bodies_;
  std::unique_ptr<http::Server> server_;
};

class React : public testing::Test {
 protected:
  TaskEnd run(const Model& model, const std::string& kwargs, Limits limits = {Seconds(60), 20},
              const std::stop_token& stop = {}) {
    AgentOptions options{kwargs, limits, "none"};
    options.clock = &clock_;
    Task task{"q0001", "What is 6 * 7?", {}};
    task.place = &place_;
    return make_react(options)->run(task, model.access(), watch_, stop);
  }
  static Json meta(const TaskEnd& end) { return *parse_json(end.metadata_json); }

  VirtualClock clock_;
  Watch watch_;
  sandbox::LocalPlace place_{"react"};
};

constexpr auto kTools = R"({"tools": ["calculator", "bash"]})";
constexpr auto kText = R"({"protocol": "text", "tools": ["calculator", "bash"]})";

TEST_F(React, calls_tools_natively_until_it_answers) {
  const Model model({calls({{"calculator", R"({"expression": "6 * 7"})"}}), says("<think>hm</think>42")});
  const auto end = run(model, kTools);
  EXPECT_EQ(end.answer, "42");
  EXPECT_EQ(end.stop_reason, "answered");
  EXPECT_FALSE(end.failure);
  const auto first = model.body(0);
  EXPECT_EQ(first["model"], "m");
  EXPECT_EQ(first["stream"], true);
  EXPECT_EQ(first["tool_choice"], "auto");
  EXPECT_EQ(first["tools"][0]["function"]["name"], "calculator");
  EXPECT_EQ(first["tools"][0]["function"]["parameters"]["required"], Json({"expression"}));
  EXPECT_EQ(model.message(0, 1), Json({{"role", "user"}, {"content", "What is 6 * 7?"}}));
  EXPECT_EQ(model.message(1, 2)["tool_calls"][0]["function"]["arguments"], R"({"expression": "6 * 7"})");
  EXPECT_EQ(model.message(1, 1), Json({{"role", "tool"}, {"tool_call_id", "id0"}, {"content", "42"}}));
}

TEST_F(React, A5_parallel_calls_run_in_their_order_and_each_is_told) {
  const Model model(
      {calls({{"calculator", R"({"expression": "1"})"}, {"bash", R"({"command": "echo two"})"}}),
       says("done")});
  const auto end = run(model, kTools);
  ASSERT_EQ(watch_.calls.size(), 2U);
  EXPECT_EQ(watch_.calls[0].tool, "calculator");
  EXPECT_EQ(watch_.calls[1].arguments, R"({"command": "echo two"})");
  EXPECT_THAT(model.message(1, 1)["content"], HasSubstr("two"));
  EXPECT_EQ(model.message(1, 2)["tool_call_id"], "id0");
  EXPECT_EQ(meta(end)["tool_calls"], Json({{"attempted", 2}, {"succeeded", 2}}));
}

TEST_F(React, A4_a_tool_that_fails_lowers_the_count_of_those_that_succeeded) {
  const Model model(
      {calls({{"bash", R"({"command": "exit 1"})"}, {"bash", R"({"command": "true"})"}}), says("done")});
  const auto end = run(model, kTools);
  EXPECT_EQ(meta(end)["tool_calls"], Json({{"attempted", 2}, {"succeeded", 1}}));
  EXPECT_EQ(meta(end)["tools"]["bash"], Json({{"attempted", 2}, {"succeeded", 1}}));
  EXPECT_THAT(watch_.calls[0].trouble, HasSubstr("exit status: 1"));
  EXPECT_EQ(watch_.calls[1].trouble, "");
}

TEST_F(React, A18_every_call_that_begins_ends_whatever_is_wrong_with_it) {
  const Model model({calls({{"calculator", "{\"expression\": "},
                            {"nothing", "{}"},
                            {"calculator", R"({"expr": "1"})"},
                            {"calculator", R"({"expression": "1/0"})"}}),
                     says("done")});
  const auto end = run(model, kTools);
  ASSERT_EQ(watch_.calls.size(), 4U);
  for (const auto& call : watch_.calls) {
    EXPECT_TRUE(call.ended);
    EXPECT_NE(call.trouble, "");
    EXPECT_TRUE(parse_json(call.arguments)) << call.arguments;
  }
  EXPECT_THAT(model.message(1, 4)["content"], HasSubstr("no JSON object"));
  EXPECT_THAT(model.message(1, 3)["content"],
              HasSubstr("There is no tool 'nothing'. There are: calculator, bash"));
  EXPECT_THAT(model.message(1, 2)["content"], HasSubstr("no argument 'expr'"));
  EXPECT_THAT(model.message(1, 1)["content"], HasSubstr("division by zero"));
  // What is no JSON is not sent back: servers' templates parse it.
  EXPECT_EQ(model.message(1, 5)["tool_calls"][0]["function"]["arguments"], "{}");
  EXPECT_EQ(meta(end)["unknown_tools"], 1);
}

TEST_F(React, A13_a_call_that_cannot_be_parsed_is_a_class_of_its_own) {
  const Model model({calls({{"calculator", "{\"expression\": "}}),
                     says("<tool_call>{\"name\": \"calculator\"}</tool_call>"), says("42")});
  const auto end = run(model, kTools);
  EXPECT_EQ(meta(end)["unparsable_calls"], 2);
  EXPECT_EQ(end.answer, "42");
  EXPECT_THAT(model.message(2, 1)["content"], HasSubstr("the server did not understand it"));
}

TEST_F(React, follows_the_text_protocol) {
  const Model model(
      {says("THOUGHT: I add.\nACTION: calculator\nINPUT: 6 * 7"), says("Hm."), says("FINAL_ANSWER: 42")});
  const auto end = run(model, kText);
  EXPECT_EQ(end.answer, "42");
  EXPECT_EQ(end.stop_reason, "answered");
  const auto first = model.body(0);
  EXPECT_FALSE(first.contains("tools"));
  EXPECT_EQ(first["stop"], Json({"\nOBSERVATION"}));
  EXPECT_THAT(first["messages"][0]["content"], HasSubstr("- calculator: Work out"));
  EXPECT_EQ(model.message(0, 1)["content"], "What is 6 * 7?\n\nTurn 1 of 20.");
  EXPECT_EQ(model.message(1, 1)["content"], "OBSERVATION (calculator): 42\n\nTurn 2 of 20.");
  EXPECT_THAT(model.message(2, 1)["content"], HasSubstr("neither an ACTION nor a FINAL_ANSWER"));
  EXPECT_EQ(watch_.calls[0].arguments, "\"6 * 7\"");
  EXPECT_EQ(meta(end)["unparsable_calls"], 1);
  EXPECT_EQ(meta(end)["turns"], 3);
}

TEST_F(React, A14_ends_at_its_turns_and_demands_an_answer_at_the_last) {
  const Model model({calls({{"bash", R"({"command": "true"})"}})});
  const auto end = run(model, kTools, {Seconds(60), 3});
  EXPECT_EQ(model.asked(), 3U);
  EXPECT_EQ(end.stop_reason, "turns");
  EXPECT_EQ(end.answer, "I call.");
  EXPECT_FALSE(end.failure);
  EXPECT_EQ(watch_.calls.size(), 2U);
  EXPECT_EQ(model.body(2)["tool_choice"], "none");
  EXPECT_THAT(model.message(2, 1)["content"], HasSubstr("This is your last turn"));
  EXPECT_THAT(model.message(1, 1)["content"], Not(HasSubstr("last turn")));
}

TEST_F(React, in_the_text_protocol_the_raw_text_of_the_last_turn_is_the_answer) {
  const Model model({says("It is 42.")});
  const auto end = run(model, kText, {Seconds(60), 1});
  EXPECT_EQ(end.answer, "It is 42.");
  EXPECT_EQ(end.stop_reason, "turns");
}

TEST_F(React, tells_the_model_that_it_repeats_itself) {
  const Model model({calls({{"bash", R"({"command": "true"})"}})});
  const auto end = run(model, kTools, {Seconds(60), 5});
  EXPECT_THAT(model.message(2, 1)["content"], Not(HasSubstr("same call")));
  EXPECT_THAT(model.message(3, 1)["content"], HasSubstr("this same call 3 times in a row"));
  EXPECT_EQ(meta(end)["repeated_calls"], 2);
}

TEST_F(React, shortens_long_observations_at_both_ends) {
  const Model model({calls({{"bash", R"({"command": "seq 1 9999"})"}}), says("done")});
  run(model, R"({"tools": ["bash"], "max_observation": 200})");
  const std::string text = model.message(1, 1)["content"];
  EXPECT_LT(text.size(), 260U);
  EXPECT_THAT(text, HasSubstr("characters left out"));
  EXPECT_THAT(text, HasSubstr("9999"));
}

TEST_F(React, asks_again_after_errors_that_pass) {
  const Model model({refuses(503, "loading"), refuses(429, "slow down", {{"Retry-After", "7"}}), says("42")});
  const auto end = run(model, kTools);
  EXPECT_EQ(end.answer, "42");
  EXPECT_EQ(meta(end)["model_retries"], 2);
  EXPECT_EQ(meta(end)["turns"], 1);
  EXPECT_NEAR(to_seconds(clock_.now() - Instant{}), 7.5, 0.11);
}

TEST_F(React, ends_with_the_server_s_words_when_errors_stay) {
  const Model model({refuses(500, "no GPU")});
  const auto end = run(model, R"({"tools": [], "max_retries": 2})");
  EXPECT_EQ(model.asked(), 3U);
  EXPECT_EQ(end.stop_reason, "model_error");
  EXPECT_EQ(end.failure->kind, "agent");
  EXPECT_THAT(end.failure->message, HasSubstr("no GPU"));
  const Model refusing({refuses(401, "bad key")});
  EXPECT_EQ(run(refusing, kTools).stop_reason, "model_error");
  EXPECT_EQ(refusing.asked(), 1U);
}

TEST_F(React, ends_when_the_proxy_lets_no_further_call_through) {
  const Model model(
      {calls({{"bash", R"({"command": "true"})"}}),
       {403, {}, R"({"error": {"message": "the task has had its turns", "code": "limit_reached"}})", {}}});
  const auto end = run(model, kTools);
  EXPECT_EQ(end.stop_reason, "turns");
  EXPECT_EQ(end.answer, "I call.");
  EXPECT_FALSE(end.failure);
}

TEST_F(React, shortens_the_oldest_observations_once_when_the_context_is_full) {
  const Model model({calls({{"bash", R"({"command": "seq 1 900"})"}}),
                     refuses(400, "This model's maximum context length is 4096 tokens."), says("42")});
  const auto end = run(model, kTools);
  EXPECT_EQ(end.answer, "42");
  EXPECT_EQ(meta(end)["shortened_conversations"], 1);
  EXPECT_GT(model.message(1, 1)["content"].get<std::string>().size(), 3000U);
  EXPECT_LT(model.message(2, 1)["content"].get<std::string>().size(), 300U);
  const Model full(
      {calls({{"bash", R"({"command": "seq 1 900"})"}}), refuses(400, "exceeds the context size")});
  EXPECT_EQ(run(full, kTools).stop_reason, "model_error");
  EXPECT_EQ(full.asked(), 3U);
}

TEST_F(React, ends_at_its_time_and_when_it_is_stopped) {
  const Model slow({refuses(429, "later", {{"Retry-After", "50"}})});
  const auto late = run(slow, R"({"tools": [], "max_retries": 1000})", {Seconds(170), 2000});
  EXPECT_EQ(late.stop_reason, "model_error");
  EXPECT_EQ(slow.asked(), 4U);
  const auto timed = run(slow, "{}", {Seconds(0), 20});
  EXPECT_EQ(timed.stop_reason, "timeout");
  EXPECT_EQ(timed.failure->kind, "timeout");
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = run(slow, "{}", {Seconds(60), 20}, stop.get_token());
  EXPECT_EQ(stopped.stop_reason, "cancelled");
  EXPECT_EQ(stopped.failure->kind, "cancelled");
}

TEST_F(React, A12_keeps_nothing_of_one_task_for_the_next) {
  AgentOptions options{kTools, {Seconds(60), 20}, "none"};
  options.clock = &clock_;
  const auto agent = make_react(options);
  for (int i = 0; i < 2; ++i) {
    const Model model({calls({{"bash", R"({"command": "true"})"}}), says("42")});
    Task task{"q", fmt::format("task {}", i), {}};
    task.place = &place_;
    const auto end = agent->run(task, model.access(), watch_, {});
    EXPECT_EQ(meta(end)["tool_calls"]["attempted"], 1);
    EXPECT_EQ(model.body(1)["messages"].size(), 4U);
    EXPECT_EQ(model.body(1)["messages"][1]["content"], fmt::format("task {}", i));
  }
}

TEST_F(React, A8_two_tasks_at_once_reach_only_their_own_model) {
  AgentOptions options{"{}", {Seconds(60), 20}, "none"};
  options.clock = &clock_;
  const auto agent = make_react(options);
  const Model a({says("a")}), b({says("b")});
  std::vector<std::string> got(8);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < got.size(); ++i)
      threads.emplace_back([&, i] {
        Watch watch;
        got[i] = agent->run({"q", "x", {}}, (i % 2 == 0 ? a : b).access(), watch, {}).answer;
      });
  }
  EXPECT_THAT(got, ElementsAre("a", "b", "a", "b", "a", "b", "a", "b"));
}

TEST_F(React, takes_the_python_suite_s_forms_of_its_tools) {
  const Model model({says("42")});
  const auto names = [&](const std::string& kwargs, const std::string& dataset = "") {
    AgentOptions options{kwargs, {}, "none", dataset, &clock_};
    const Model asked({says("42")});
    make_react(options)->run({"q", "x", {}}, asked.access(), watch_, {});
    std::string out;
    const auto body = asked.body(0);
    for (const auto& tool : body.value("tools", Json::array()))
      out += tool["function"]["name"].get<std::string>() + " ";
    return out;
  };
  EXPECT_EQ(names(R"({"mcp_tools": ["shell", {"type": "file_read", "max_chars": 5}]})"), "bash file_read ");
  EXPECT_EQ(
      names(R"({"mcp_tools": {"think": true, "bash": {"max_output_length": 500}, "calculator": false}})"),
      "think bash ");
  EXPECT_EQ(names(R"({"mcp_tools": "auto"})", "swebench"),
            "think file_read file_write code_interpreter bash ");
  EXPECT_EQ(names("{}", "livecodebench"), "think file_read file_write code_interpreter bash ");
  EXPECT_EQ(names("{}", "gsm8k"), "");
  EXPECT_EQ(names(R"({"tools": false})", "swebench"), "");
}

TEST_F(React, says_what_is_wrong_with_its_arguments) {
  for (const auto* kwargs :
       {R"({"tools": ["none such"]})", R"({"tools": [1]})", R"({"tools": ["bash", "shell"]})",
        R"({"tools": 3})", R"({"protocol": "xml"})", R"({"max_tokens": 1.5})", R"({"max_tokens": 0})",
        R"({"temperature": -1})", R"({"instructions": 1})", R"({"max_turns": 3})",
        R"({"tools": [], "mcp_tools": []})", R"({"extra_body": []})",
        R"({"tools": [{"name": "bash", "colour": 1}]})", R"({"tool_timeout": 0})"}) {
    AgentOptions options{kwargs, {}, "none"};
    EXPECT_THROW(make_react(options), Error) << kwargs;
  }
}

}  // namespace
}  // namespace ipw::agents
