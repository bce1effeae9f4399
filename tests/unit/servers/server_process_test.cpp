// SPDX-License-Identifier: Apache-2.0
#include "ipw/servers/server_process.h"

#include <gmock/gmock.h>

#include "fake_processes.h"
#include "ipw/base/error.h"
#include "ipw/http/server.h"

namespace ipw::servers {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class ServerProcessTest : public FakeProcesses {
 protected:
  ServerHost host() {
    return {clock_, ledger(), [this](pid_t pid, int signal) {
              sent_.emplace_back(pid, signal);
              if (on_signal_) on_signal_(signal);
              return 0;
            }};
  }
  /// A server on a port of this machine that answers as told.
  void serve(std::map<std::string, std::string> answers, int otherwise = 404) {
    server_ = http::serve([answers = std::move(answers), otherwise](const http::ServerRequest& request) {
      const auto it = answers.find(request.target);
      http::ServerResponse out;
      out.status = it == answers.end() ? otherwise : 200;
      if (it != answers.end()) out.body = it->second;
      return out;
    });
  }
  ServerSpec spec(const char* engine = "vllm") const {
    ServerSpec out;
    out.engine = engine;
    out.model = "org/model";
    out.file = "/models/m.gguf";
    out.port = server_->port();
    return out;
  }
  std::string error_of(const ServerSpec& wanted, ErrorCode code = ErrorCode::Unavailable) {
    try {
      host().start(wanted, {}, {});
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code);
      return error.what();
    }
    return "it was started";
  }

  VirtualClock clock_;
  std::vector<std::pair<pid_t, int>> sent_;
  std::function<void(int)> on_signal_;
  std::unique_ptr<http::Server> server_;
};

TEST_F(ServerProcessTest, X28_a_port_that_serves_another_model_is_an_error_that_names_both) {
  serve({{"/v1/models", R"({"data": [{"id": "org/other"}]})"}});
  EXPECT_EQ(error_of(spec()), fmt::format("port {} serves org/other, not org/model", server_->port()));
}

TEST_F(ServerProcessTest, X28_a_name_that_only_contains_the_other_is_another_model) {
  serve({{"/v1/models", R"({"data": [{"id": "org/model-instruct"}]})"}});
  EXPECT_THAT(error_of(spec()), HasSubstr("serves org/model-instruct, not org/model"));
}

TEST_F(ServerProcessTest, X28_the_same_model_is_reused_and_told_of) {
  serve({{"/v1/models", R"({"data": [{"id": "org/model"}]})"}, {"/v1/chat/completions", "{}"}});
  StartOptions options;
  std::vector<std::string> told;
  options.tell = [&](const std::string& text) { told.push_back(text); };
  const auto server = host().start(spec(), options, {});
  EXPECT_TRUE(server.reused);
  EXPECT_EQ(server.base_url, fmt::format("http://127.0.0.1:{}/v1", server_->port()));
  EXPECT_THAT(told, ElementsAre(HasSubstr("already serves org/model: it is used as it is, and not stopped")));
  EXPECT_TRUE(ledger().read().running.empty());
}

TEST_F(ServerProcessTest, X28_what_is_no_server_of_models_is_named_by_its_port) {
  serve({});
  EXPECT_EQ(error_of(spec()), fmt::format("port {} is taken by something that is no vllm which is ready (GET "
                                          "/v1/models: HTTP 404: no text)",
                                          server_->port()));
  serve({{"/v1/models", R"({"data": "nonsense"})"}});
  EXPECT_THAT(error_of(spec()), HasSubstr("GET /v1/models gives no list of models"));
  serve({{"/v1/models", "[]"}});
  EXPECT_THAT(error_of(spec()), HasSubstr("gives no list of models"));
}

TEST_F(ServerProcessTest, a_server_of_the_same_model_that_does_not_answer_is_an_error_with_its_words) {
  serve({{"/v1/models", R"({"data": [{"id": "org/model"}]})"}}, 500);
  EXPECT_THAT(error_of(spec()), HasSubstr("does not answer for org/model: HTTP 500"));
}

TEST_F(ServerProcessTest, a_base_model_answers_without_a_form_for_chats) {
  serve({{"/v1/models", R"({"data": [{"id": "org/model"}]})"}, {"/v1/completions", "{}"}}, 400);
  EXPECT_TRUE(host().start(spec(), {}, {}).reused);
}

TEST_F(ServerProcessTest, an_ollama_that_runs_fetches_the_model) {
  serve({{"/api/version", R"({"version": "0.1"})"},
         {"/v1/models", R"({"object": "list", "data": null})"},
         {"/api/pull",
          "{\"status\": \"pulling\", \"total\": 100, \"completed\": 50}\n{\"status\": \"success\"}\n"},
         {"/api/generate", "{}"}});
  StartOptions options;
  std::vector<std::string> told;
  options.tell = [&](const std::string& text) { told.push_back(text); };
  EXPECT_TRUE(host().start(spec("ollama"), options, {}).reused);
  EXPECT_THAT(told, testing::Contains("ollama: pulling, 50 B of 100 B"));
}

TEST_F(ServerProcessTest, an_ollama_that_cannot_fetch_the_model_says_why) {
  serve({{"/api/version", "{}"},
         {"/v1/models", R"({"data": []})"},
         {"/api/pull", "{\"error\": \"no such model\"}\n"}});
  EXPECT_THAT(error_of(spec("ollama")), HasSubstr("cannot fetch org/model: no such model"));
  serve({{"/api/version", "{}"},
         {"/v1/models", R"({"data": []})"},
         {"/api/pull", "{\"status\": \"pulling\"}\n"}});
  EXPECT_THAT(error_of(spec("ollama")), HasSubstr("the pull ended without success"));
  serve(
      {{"/api/version", "{}"}, {"/v1/models", R"({"data": []})"}, {"/api/pull", std::string(1 << 17, 'x')}});
  EXPECT_THAT(error_of(spec("ollama")), HasSubstr("cannot fetch org/model"));
}

TEST_F(ServerProcessTest, a_server_of_another_run_that_goes_on_is_not_reused) {
  serve({{"/v1/models", R"({"data": [{"id": "org/model"}]})"}, {"/v1/chat/completions", "{}"}});
  run(4242, 1000);
  run(50, 60);
  auto theirs = entry(4242, 1000, server_->port());
  theirs.run = ProcessIdentity{50, 60, "boot-1"};
  ledger().add(theirs);
  EXPECT_THAT(error_of(spec()), HasSubstr("serves another `ipw bench`"));
  end(50);
  EXPECT_TRUE(host().start(spec(), {}, {}).reused);
}

TEST_F(ServerProcessTest, Z9_a_process_with_our_number_but_another_start_gets_no_signal) {
  run(4242, 2000);
  ledger().add(entry(4242, 1000));
  EXPECT_FALSE(host().stop(entry(4242, 1000)));
  EXPECT_TRUE(sent_.empty());
}

TEST_F(ServerProcessTest, Z9_our_process_and_its_group_are_ended_and_the_entry_goes) {
  run(4242, 1000);
  ledger().add(entry(4242, 1000));
  on_signal_ = [&](int) { end(4242); };
  EXPECT_TRUE(host().stop(entry(4242, 1000)));
  EXPECT_THAT(sent_, ElementsAre(Pair(-4242, SIGTERM), Pair(-4242, SIGKILL)));
  EXPECT_TRUE(ledger().read().dropped.empty()) << "nothing is left to tell of";
}

TEST_F(ServerProcessTest, what_does_not_end_within_ten_seconds_is_killed) {
  run(4242, 1000);
  const auto begun = clock_.now();
  on_signal_ = [&](int signal) {
    if (signal == SIGKILL) end(4242);
  };
  EXPECT_TRUE(host().stop(entry(4242, 1000)));
  EXPECT_NEAR(to_seconds(clock_.now() - begun), 10, 0.1);
  on_signal_ = nullptr;
  run(4242, 1000);
  EXPECT_THROW(host().stop(entry(4242, 1000)), Error);
}

TEST_F(ServerProcessTest, the_last_words_are_the_last_lines_of_the_log) {
  const auto path = (root_ / "log").string();
  EXPECT_EQ(last_lines(path, 2), "(it has no log)");
  write_file_atomic(path, "\n");
  EXPECT_EQ(last_lines(path, 2), "(it said nothing)");
  write_file_atomic(path, "one\ntwo\nthree\n");
  EXPECT_EQ(last_lines(path, 2), "two\nthree");
  EXPECT_EQ(last_lines(path, 9), "one\ntwo\nthree");
  write_file_atomic(path, std::string(20000, 'x') +
                              "\n\xff"
                              "end");
  EXPECT_EQ(last_lines(path, 1),
            "\xEF\xBF\xBD"
            "end");
}

}  // namespace
}  // namespace ipw::servers
