// SPDX-License-Identifier: Apache-2.0
// The loop of Terminus 2 against a terminal and a model that are both scripted.
#include "ipw/agents/terminus.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <mutex>
#include <nlohmann/json.hpp>

#include "ipw/agents/terminal.h"
#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/http/server.h"

namespace ipw::agents {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(KeyBatches, hold_all_keys_and_cut_no_character) {
  EXPECT_THAT(key_batches("abcdef", 4), ElementsAre("abcd", "ef"));
  EXPECT_THAT(key_batches("abc\u00e9f", 4), ElementsAre("abc", "\u00e9f"));
  EXPECT_TRUE(key_batches("").empty());
  std::string text, joined;
  for (int i = 0; i < 20000; ++i) text += i % 3 ? "x" : "\u20ac";
  for (const auto& batch : key_batches(text)) {
    EXPECT_LE(batch.size(), 16000U);
    joined += batch;
  }
  EXPECT_EQ(joined, text);
}

TEST(NewOutput, begins_with_the_line_that_may_have_grown) {
  EXPECT_EQ(new_output("a\n$ ", "a\n$ ls\nfile\n$ "), "$ ls\nfile\n$ ");
  EXPECT_EQ(new_output("a\nb\n", "a\nb\n\n\n"), "b\n\n\n");
  EXPECT_EQ(new_output("gone", "cleared"), std::nullopt);
}

TEST(LimitOutput, keeps_head_and_tail) {
  EXPECT_EQ(limit_output("short"), "short");
  const auto cut = limit_output(std::string(6000, 'a') + std::string(6000, 'b'));
  EXPECT_THAT(cut, StartsWith(std::string(5000, 'a') + "\n[... 2000 bytes left out"));
  EXPECT_TRUE(cut.ends_with(std::string(5000, 'b')));
}

/// A tmux that types what it is sent behind a "$ "; the word "die" ends it.
class ScriptedPlace final : public sandbox::Workplace {
 public:
  sandbox::CommandEnd run(const sandbox::Command& command) override {
    sandbox::CommandEnd end;
    const auto has = [&](const char* word) {
      return std::ranges::find(command.argv, word) != command.argv.end();
    };
    end.exit_status = alive ? 0 : 1;
    if (has("new-session") && !has_tmux) end = {.exit_status = 127, .errors = "tmux: not found"};
    if (has("kill-server")) killed = true;
    if (has("capture-pane")) end.output = screen;
    if (has("send-keys")) {
      keys.push_back(command.argv.back());
      screen += command.argv.back();
      alive = command.argv.back().find("die") == std::string::npos;
    }
    return end;
  }
  std::string folder() const override { return "/"; }
  std::optional<int> listen(int) override { return std::nullopt; }

  std::string screen = "$ ";
  std::vector<std::string> keys;
  bool alive = true, has_tmux = true, killed = false;
};

/// Gives its replies one after another, the last one for ever; one that begins with "!" is an HTTP error.
class ScriptedModel {
 public:
  explicit ScriptedModel(std::vector<std::string> replies) : replies_(std::move(replies)) {
    server_ = http::serve([this](const http::ServerRequest& request) { return answer(request); });
  }
  std::string url() const { return fmt::format("http://127.0.0.1:{}/v1", server_->port()); }
  /// What was said last in the call of this number.
  std::string heard(std::size_t call) const {
    return Json(*parse_json(bodies.at(call)))["messages"].back()["content"].get<std::string>();
  }
  std::vector<std::string> bodies;

 private:
  http::ServerResponse answer(const http::ServerRequest& request) {
    const std::lock_guard lock(mutex_);
    const auto& reply = replies_[std::min(bodies.size(), replies_.size() - 1)];
    bodies.push_back(request.body);
    const bool refused = reply.starts_with("!");
    const Json body =
        refused ? Json{{"error", {{"message", reply.substr(5)}}}}
                : Json{{"choices", Json::array({{{"index", 0},
                                                 {"finish_reason", "stop"},
                                                 {"message", {{"role", "assistant"}, {"content", reply}}}}})},
                       {"usage", {{"prompt_tokens", 100}, {"completion_tokens", 10}}}};
    return {refused ? std::stoi(reply.substr(1, 3)) : 200,
            {{"Content-Type", "application/json"}},
            dump_json(body),
            {}};
  }
  std::mutex mutex_;
  std::vector<std::string> replies_;
  std::unique_ptr<http::Server> server_;
};

class ToolLog final : public ToolWatch {
 public:
  std::int64_t begin(const std::string& tool, const std::string& arguments) override {
    log += tool + Json(*parse_json(arguments))["keystrokes"].get<std::string>() + ";";
    return 0;
  }
  void end(std::int64_t, const std::string& result, const std::string& trouble) override {
    log += trouble.empty() ? "ok;" : trouble + ";";
    seen += result;
  }
  std::string log, seen;
};

std::string reply(const std::string& analysis, const std::string& commands, bool complete = false) {
  return fmt::format(R"({{"analysis": "{}", "plan": "p", "commands": [{}], "task_complete": {}}})", analysis,
                     commands, complete);
}

struct Bench {
  TaskEnd run(ScriptedModel& model, const std::string& kwargs = "{}", Seconds wall = Seconds(3600)) {
    AgentOptions options{kwargs, {wall, 20}, "none", {}, &clock};
    return make_terminus(options)->run({"q0", "Make a file.", {}, &place}, {model.url(), "key", "m"}, tools,
                                       {});
  }
  VirtualClock clock;
  ScriptedPlace place;
  ToolLog tools;
};

TEST(Terminus, types_shows_and_asks_once_more_before_it_ends) {
  ScriptedModel model({reply("a", R"({"keystrokes": "ls\n", "duration": 0.1})"),
                       reply("b", R"({"keystrokes": "touch f\n", "duration": 2})", true),
                       reply("done", "", true)});
  Bench bench;
  const auto end = bench.run(model);
  EXPECT_EQ(end.stop_reason, "answered");
  EXPECT_FALSE(end.failure);
  EXPECT_THAT(bench.place.keys, ElementsAre("ls\n", "touch f\n"));
  EXPECT_EQ(bench.tools.log, "terminalls\n;ok;terminaltouch f\n;ok;");
  EXPECT_THAT(model.heard(0), HasSubstr("Make a file."));
  EXPECT_THAT(model.heard(1), StartsWith("New Terminal Output:\n$ ls\n"));
  EXPECT_THAT(model.heard(2), HasSubstr("To confirm"));
  EXPECT_GE(to_seconds(bench.clock.now().time_since_epoch()), 2.1);
  EXPECT_TRUE(bench.place.killed);
}

TEST(Terminus, A10_answers_with_the_final_message_and_not_with_the_pane) {
  ScriptedModel model({reply("first", "", true), reply("the file is made", "", true)});
  EXPECT_EQ(Bench().run(model).answer, "the file is made");
}

TEST(Terminus, a_completion_that_is_not_confirmed_is_forgotten) {
  ScriptedModel model({reply("a", "", true), reply("b", R"({"keystrokes": "ls\n"})"), reply("c", "", true),
                       reply("d", "", true)});
  EXPECT_EQ(Bench().run(model).answer, "d");
}

TEST(Terminus, A13_counts_replies_that_could_not_be_read_and_says_why) {
  ScriptedModel model({"no JSON at all", reply("a", "", true), reply("a", "", true)});
  const auto end = Bench().run(model);
  EXPECT_EQ(Json(*parse_json(end.metadata_json))["replies_that_could_not_be_read"], 1);
  EXPECT_THAT(model.heard(1), HasSubstr("ERROR:"));
  EXPECT_THAT(model.heard(1), HasSubstr("proper JSON"));
}

TEST(Terminus, speaks_xml) {
  const std::string xml =
      "<response><analysis>x</analysis><plan>p</plan><commands><keystrokes duration=\"0.1\">echo "
      "&lt;\n</keystrokes></commands><task_complete>true</task_complete></response>";
  ScriptedModel model({xml, xml});
  Bench bench;
  EXPECT_EQ(bench.run(model, R"({"parser": "xml"})").stop_reason, "answered");
  EXPECT_EQ(bench.place.keys.front(), "echo &lt;\n");
}

TEST(Terminus, A9_says_what_is_missing_and_installs_nothing) {
  ScriptedModel model({reply("a", "")});
  Bench bench;
  bench.place.has_tmux = false;
  const auto end = bench.run(model);
  ASSERT_TRUE(end.failure);
  EXPECT_THAT(end.failure->message, HasSubstr("tmux and bash must be in the sandbox"));
  EXPECT_TRUE(model.bodies.empty());
}

TEST(Terminus, ends_when_its_terminal_has_ended) {
  ScriptedModel model({reply("a", R"({"keystrokes": "die\n"})")});
  const auto end = Bench().run(model);
  EXPECT_EQ(end.stop_reason, "terminal");
  EXPECT_EQ(end.failure->kind, "agent");
}

TEST(Terminus, ends_with_the_task_s_time) {
  ScriptedModel model({reply("a", R"({"keystrokes": "sleep 50\n", "duration": 50})")});
  const auto end = Bench().run(model, "{}", Seconds(120));
  EXPECT_EQ(end.stop_reason, "timeout");
  EXPECT_EQ(end.failure->kind, "timeout");
}

TEST(Terminus, a_refusal_of_the_proxy_is_a_limit) {
  ScriptedModel model({reply("so far", ""), "!403 the task has had its 1 turns"});
  const auto end = Bench().run(model);
  EXPECT_EQ(end.stop_reason, "limit");
  EXPECT_EQ(end.answer, "so far");
  EXPECT_FALSE(end.failure);
}

TEST(Terminus, a_server_that_refuses_the_key_is_a_failure) {
  ScriptedModel model({"!403 no access to this model"});
  const auto end = Bench().run(model);
  EXPECT_EQ(end.stop_reason, "model");
  EXPECT_THAT(end.failure->message, HasSubstr("no access"));
}

TEST(Terminus, tries_again_where_a_server_fails) {
  ScriptedModel model({"!503 busy", reply("a", "", true), reply("a", "", true)});
  EXPECT_EQ(Bench().run(model).stop_reason, "answered");
}

TEST(Terminus, summarises_before_the_context_is_full) {
  ScriptedModel model({reply("a", R"({"keystrokes": "ls\n"})"), "the summary", "five questions",
                       "the answers", reply("b", "", true), reply("b", "", true)});
  Bench bench;
  const auto end = bench.run(model, R"({"context_limit": 8100})");
  EXPECT_GE(Json(*parse_json(end.metadata_json))["summaries"], 1);
  EXPECT_THAT(model.heard(1), HasSubstr("take over from you"));
  EXPECT_THAT(model.heard(2), HasSubstr("the summary"));
  EXPECT_THAT(model.heard(3), HasSubstr("five questions"));
  EXPECT_THAT(model.heard(4), HasSubstr("the answers"));
  const auto messages = Json(*parse_json(model.bodies[4]))["messages"];
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_THAT(messages[0]["content"].get<std::string>(), HasSubstr("Make a file."));
}

TEST(Terminus, shortens_what_the_server_finds_too_long) {
  ScriptedModel model({reply("a", R"({"keystrokes": "ls\n"})"), "!400 maximum context length is 10 tokens",
                       "!400 no", "brief", reply("b", "", true), reply("b", "", true)});
  const auto end = Bench().run(model);
  EXPECT_EQ(end.stop_reason, "answered");
  EXPECT_THAT(model.heard(4), HasSubstr("brief"));
  EXPECT_THAT(model.heard(4), HasSubstr("Make a file."));
}

TEST(Terminus, rejects_what_it_does_not_know) {
  VirtualClock clock;
  AgentOptions options{R"({"parser": "yaml"})", {}, "none", {}, &clock};
  EXPECT_THROW(make_terminus(options), Error);
  options.kwargs_json = R"({"context_limit": "many"})";
  EXPECT_THROW(make_terminus(options), Error);
}

}  // namespace
}  // namespace ipw::agents
