// SPDX-License-Identifier: Apache-2.0
// Tools that ask servers: web_search and ask_model against servers of this process.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/clients/client.h"
#include "ipw/http/server.h"
#include "ipw/tools/tools.h"

namespace ipw::tools {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Answers everything with one text and remembers the last request.
class Fixed {
 public:
  Fixed(int status, std::string body) {
    server_ = http::serve([=, this](const http::ServerRequest& request) {
      last_ = request;
      return http::ServerResponse{status, {{"Content-Type", "application/json"}}, body, {}};
    });
  }
  std::string url() const { return fmt::format("http://127.0.0.1:{}", server_->port()); }
  const http::ServerRequest& last() const { return last_; }
  Json last_body() const { return *parse_json(last_.body); }

 private:
  http::ServerRequest last_;
  std::unique_ptr<http::Server> server_;
};

class Servers : public testing::Test {
 protected:
  Servers() { ::setenv("IPW_TEST_KEY", "tvly-secret", 1); }
  ~Servers() override { ::unsetenv("IPW_TEST_KEY"); }
  static std::unique_ptr<Tool> web_search(const Fixed& server) {
    return make_tool("web_search",
                     {dump_json({{"base_url", server.url()}, {"key_env", "IPW_TEST_KEY"}}), {}, nullptr});
  }
  static std::unique_ptr<Tool> ask_model(const Json& models) {
    return make_tool("ask_model", {dump_json({{"models", models}}), {}, nullptr});
  }
};

constexpr auto kPages =
    R"({"answer": "Paris.", "results": [{"title": "France", "url": "https://a.example", "content": "The capital is Paris.", "score": 0.9},
                                        {"title": "Other", "url": "https://b.example", "content": "More."}]})";
constexpr auto kReply =
    R"({"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Six."}}], "usage": {"prompt_tokens": 11, "completion_tokens": 3}})";

/// Refuses where it is told to.
class Counter final : public SubModelWatch {
 public:
  explicit Counter(std::string refusal = {}) : refusal_(std::move(refusal)) {}
  Result<std::int64_t, std::string> begin(const std::string& model, const std::string& base_url,
                                          bool elsewhere) override {
    if (!refusal_.empty()) return Unexpected(refusal_);
    begun.push_back(fmt::format("{} {} {}", model, base_url, elsewhere));
    return 7;
  }
  void end(std::int64_t call, const clients::Response& response) override {
    EXPECT_EQ(call, 7);
    answers.push_back(response.content);
    output_tokens = response.usage.completion_tokens;
  }
  std::vector<std::string> begun, answers;
  std::optional<std::int64_t> output_tokens;

 private:
  std::string refusal_;
};

TEST_F(Servers, ask_model_tells_of_its_call_before_and_after) {
  const Fixed server(200, kReply);
  const auto tool =
      ask_model({{{"alias", "small"}, {"backend", "vllm"}, {"model", "m"}, {"base_url", server.url()}}});
  Counter counter;
  EXPECT_FALSE(tool->call(R"({"prompt": "3 + 3"})", {.sub_models = &counter}).failed);
  EXPECT_THAT(counter.begun, testing::ElementsAre(fmt::format("m {} false", server.url())));
  EXPECT_THAT(counter.answers, testing::ElementsAre("Six."));
  EXPECT_EQ(counter.output_tokens, 3);
}

TEST_F(Servers, ask_model_does_not_ask_beyond_the_limits_of_its_task) {
  const Fixed server(200, kReply);
  const auto tool = ask_model({{{"backend", "vllm"}, {"model", "m"}, {"base_url", server.url()}}});
  Counter counter("the task has used 240 tokens");
  const auto out = tool->call(R"({"prompt": "3 + 3"})", {.sub_models = &counter});
  EXPECT_TRUE(out.failed);
  EXPECT_THAT(out.text, HasSubstr("240 tokens"));
  EXPECT_TRUE(server.last().body.empty());
}

TEST_F(Servers, web_search_lists_title_address_and_extract) {
  const Fixed server(200, kPages);
  const auto out = web_search(server)->call(R"({"query": "capital of France", "max_results": 2})", {});
  EXPECT_FALSE(out.failed) << out.text;
  EXPECT_EQ(out.text,
            "Answer: Paris.\n\n1. France\n   https://a.example\n   The capital is Paris.\n2. Other\n   "
            "https://b.example\n   More.");
  EXPECT_EQ(server.last().target, "/search");
  EXPECT_EQ(http::header(server.last().headers, "Authorization"), "Bearer tvly-secret");
  EXPECT_EQ(server.last_body(), Json({{"query", "capital of France"},
                                      {"max_results", 2},
                                      {"search_depth", "basic"},
                                      {"include_answer", true}}));
}

TEST_F(Servers, A23_web_search_without_a_key_is_refused_at_the_start) {
  try {
    make_tool("web_search", {R"({"key_env": "IPW_NO_SUCH_KEY"})", {}, nullptr});
    FAIL() << "it was made";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::Unavailable);
    EXPECT_THAT(error.what(), HasSubstr("IPW_NO_SUCH_KEY is not set"));
    EXPECT_THAT(error.hint(), HasSubstr("without web_search"));
  }
}

TEST_F(Servers, A23_errors_of_the_service_are_failures_that_hold_no_key) {
  const Fixed refusing(401, R"({"detail": {"error": "bad key tvly-secret"}})");
  const auto out = web_search(refusing)->call(R"({"query": "x"})", {});
  EXPECT_TRUE(out.failed);
  EXPECT_THAT(out.text, HasSubstr("HTTP 401"));
  EXPECT_THAT(out.text, Not(HasSubstr("tvly-secret")));
  const Fixed other(200, "[]");
  EXPECT_TRUE(web_search(other)->call(R"({"query": "x"})", {}).failed);
  EXPECT_TRUE(web_search(other)->call(R"({"query": " "})", {}).failed);
  EXPECT_TRUE(web_search(other)->call(R"({"query": "x", "max_results": 21})", {}).failed);
}

TEST_F(Servers, ask_model_gives_the_reply_and_tells_its_tokens) {
  const Fixed server(200, kReply);
  const auto tool = ask_model({{{"alias", "small"},
                                {"backend", "vllm"},
                                {"model", "qwen3:4b"},
                                {"base_url", server.url()},
                                {"system", "Be brief."}}});
  EXPECT_THAT(tool->spec().description, HasSubstr("small (qwen3:4b)"));
  const auto out = tool->call(R"({"prompt": "3 + 3?"})", {});
  EXPECT_FALSE(out.failed) << out.text;
  EXPECT_EQ(out.text, "Six.");
  EXPECT_EQ(*parse_json(out.usage_json),
            Json({{"model", "qwen3:4b"}, {"backend", "vllm"}, {"input_tokens", 11}, {"output_tokens", 3}}));
  EXPECT_EQ(server.last().target, "/v1/chat/completions");
  EXPECT_EQ(server.last_body()["messages"][0]["content"], "Be brief.");
}

TEST_F(Servers, A23_ask_model_marks_errors_and_leaves_unknown_tokens_out) {
  const Fixed server(400, R"({"error": {"message": "max_tokens too large"}})");
  const auto tool = ask_model({{{"backend", "vllm"}, {"model", "m"}, {"base_url", server.url()}}});
  const auto out = tool->call(R"({"prompt": "x"})", {});
  EXPECT_TRUE(out.failed);
  EXPECT_THAT(out.text, HasSubstr("max_tokens too large"));
  EXPECT_TRUE(parse_json(out.usage_json)->at("input_tokens").is_null());
  EXPECT_THAT(tool->call(R"({"prompt": "x", "model": "other"})", {}).text, HasSubstr("must be one of m (m)"));
}

TEST_F(Servers, A20_every_backend_of_ask_model_has_an_address) {
  for (const auto* name : {"anthropic", "gemini", "ollama", "openai", "openrouter", "vllm"}) {
    const auto tool =
        ask_model({{{"backend", name}, {"model", "a:b"}, {"alias", "x"}, {"key_env", "IPW_TEST_KEY"}}});
    EXPECT_THAT(tool->spec().description, HasSubstr("x (a:b)"));
  }
  EXPECT_THAT(ask_model({"small:vllm:qwen3:4b", "ollama:llama3:8b"})->spec().description,
              HasSubstr("small (qwen3:4b), llama3:8b (llama3:8b)"));
}

TEST_F(Servers, ask_model_refuses_models_it_does_not_understand) {
  for (const auto* models : {R"([])", R"(["m"])", R"(["a:nobody:m"])", R"([{"model": "m"}])", R"([1])",
                             R"(["a:vllm:m", "a:ollama:m"])", R"([{"backend": "vllm", "model": ""}])"})
    EXPECT_THROW(ask_model(*parse_json(models)), Error) << models;
  EXPECT_THROW(ask_model({{{"backend", "openai"}, {"model", "m"}, {"key_env", "IPW_NO_SUCH_KEY"}}}), Error);
}

}  // namespace
}  // namespace ipw::tools
