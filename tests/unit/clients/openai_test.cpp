// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/openai.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "fake_server.h"
#include "ipw/base/error.h"
#include "ipw/clients/vllm.h"

namespace ipw::clients {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

const std::string kChat = "/v1/chat/completions";
const std::string kModels = R"({"object":"list","data":[{"id":"m"},{"id":"llama-3-8b"}]})";
const std::vector<std::string> kAnswer = {
    "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{\"content\":\"4\"}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{\"content\":\"2\"},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n"};

Response complete(FakeServer& server, Params params = {}) {
  return make_openai(options(server.url(), std::move(params)))->complete(hello(), {});
}

TEST(OpenAi, an_answer_has_text_usage_and_stamps_in_order) {
  FakeServer server({{kChat, stream(kAnswer)}});
  const auto response = complete(server);
  EXPECT_FALSE(response.failure);
  EXPECT_EQ(response.content, "42");
  EXPECT_EQ(response.usage.completion_tokens, 2);
  ASSERT_EQ(response.arrivals.size(), 2u);
  EXPECT_LE(response.sent, response.arrivals[0]);
  EXPECT_LE(response.arrivals[1], response.done);
}

TEST(OpenAi, M49_usage_is_asked_for) {
  FakeServer server({{kChat, stream(kAnswer)}});
  complete(server);
  EXPECT_EQ(server.last_body(kChat).at("stream_options").at("include_usage"), true);
}

TEST(OpenAi, X16_data_without_a_space_and_crlf_are_understood) {
  FakeServer server({{kChat, stream({"data:{\"choices\":[{\"delta\":{\"content\":\"4\"}}]}\r\n\r\nda",
                                     "ta:[DONE]\r\n\r\n"})}});
  const auto response = complete(server);
  EXPECT_FALSE(response.failure);
  EXPECT_EQ(response.content, "4");
}

TEST(OpenAi, X13_every_parameter_reaches_the_request) {
  FakeServer server({{kChat, stream(kAnswer)}});
  complete(server, parameters({{"max_tokens", "7"},
                               {"temperature", "0.5"},
                               {"top_k", "3"},
                               {"stop", R"(["a","b"])"},
                               {"system", "Be brief."},
                               {"extra", R"({"chat_template_kwargs":{"enable_thinking":false}})"}}));
  const auto body = server.last_body(kChat);
  EXPECT_EQ(body.at("max_tokens"), 7);
  EXPECT_EQ(body.at("temperature"), 0.5);
  EXPECT_EQ(body.at("top_k"), 3);
  EXPECT_EQ(body.at("stop").size(), 2u);
  EXPECT_EQ(body.at("messages").at(0).at("content"), "Be brief.");
  EXPECT_EQ(body.at("chat_template_kwargs").at("enable_thinking"), false);
}

TEST(OpenAi, images_are_parts_of_the_message) {
  FakeServer server({{kChat, stream(kAnswer)}});
  auto request = hello();
  request.messages.back().images = {"data:image/png;base64,AAAA"};
  make_openai(options(server.url()))->complete(request, {});
  const auto content = server.last_body(kChat).at("messages").at(0).at("content");
  EXPECT_EQ(content.at(0).at("text"), "Hello");
  EXPECT_EQ(content.at(1).at("type"), "image_url");
  EXPECT_EQ(content.at(1).at("image_url").at("url"), "data:image/png;base64,AAAA");
}

TEST(OpenAi, the_samplings_fields_reach_the_request) {
  FakeServer server({{kChat, stream(kAnswer)}});
  auto request = hello();
  request.sampling = {0.25, 0.9, 5, 17, {"END"}};
  make_openai(options(server.url()))->complete(request, {});
  const auto body = server.last_body(kChat);
  EXPECT_EQ(body.at("temperature"), 0.25);
  EXPECT_EQ(body.at("top_p"), 0.9);
  EXPECT_EQ(body.at("max_tokens"), 5);
  EXPECT_EQ(body.at("seed"), 17);
  EXPECT_EQ(body.at("stop").at(0), "END");
}

TEST(OpenAi, a_schema_of_the_reply_is_sent_until_the_server_rejects_it) {
  const auto picky = [](const http::ServerRequest& request) {
    if (request.body.find("response_format") != std::string::npos)
      return text(R"({"error":{"message":"response_format is not supported"}})", 400)(request);
    return stream(kAnswer)(request);
  };
  auto request = hello();
  request.reply_schema = R"({"type":"object"})";
  FakeServer willing({{kChat, stream(kAnswer)}}), refusing({{kChat, picky}});
  make_openai(options(willing.url()))->complete(request, {});
  const auto format = willing.last_body(kChat).at("response_format");
  EXPECT_EQ(format.at("type"), "json_schema");
  EXPECT_EQ(format.at("json_schema").at("schema").at("type"), "object");
  const auto client = make_openai(options(refusing.url()));
  EXPECT_FALSE(client->complete(request, {}).failure);
  EXPECT_FALSE(client->complete(request, {}).failure);
  EXPECT_EQ(refusing.requests().size(), 3U);
}

TEST(OpenAi, unknown_parameters_are_rejected) {
  EXPECT_THROW(make_openai(options("", parameters({{"max_token", "7"}}))), Error);
}

TEST(OpenAi, the_version_is_appended_once_and_slashes_are_taken_away) {
  FakeServer server({{kChat, stream(kAnswer)}});
  for (const auto* tail : {"", "/", "/v1", "/v1/"})
    EXPECT_FALSE(make_openai(options(server.url() + tail))->complete(hello(), {}).failure) << tail;
}

TEST(OpenAi, a_server_that_rejects_stream_options_is_asked_again_once_and_remembered) {
  const auto picky = [](const http::ServerRequest& request) {
    if (request.body.find("stream_options") != std::string::npos)
      return text(R"({"error":{"message":"Unrecognized request argument: stream_options"}})", 400)(request);
    return stream(kAnswer)(request);
  };
  FakeServer server({{kChat, picky}});
  const auto client = make_openai(options(server.url()));
  const auto first = client->complete(hello(), {});
  EXPECT_FALSE(first.failure);
  EXPECT_THAT(first.notes, Contains(HasSubstr("sent again")));
  client->complete(hello(), {});
  EXPECT_EQ(server.requests().size(), 3u);
}

TEST(OpenAi, the_other_name_of_the_token_limit_is_learned) {
  const auto picky = [](const http::ServerRequest& request) {
    if (request.body.find("\"max_tokens\"") != std::string::npos)
      return text(R"({"error":{"message":"Use 'max_completion_tokens' instead."}})", 400)(request);
    return stream(kAnswer)(request);
  };
  FakeServer server({{kChat, picky}});
  EXPECT_FALSE(complete(server, parameters({{"max_tokens", "7"}})).failure);
  EXPECT_EQ(server.last_body(kChat).at("max_completion_tokens"), 7);
}

TEST(OpenAi, a_web_page_is_a_protocol_failure) {
  FakeServer server({{kChat, text("<html>Welcome to nginx</html>", 200, "text/html")}});
  const auto response = complete(server);
  ASSERT_TRUE(response.failure);
  EXPECT_EQ(response.failure->kind, "protocol");
  EXPECT_THAT(response.failure->message, HasSubstr("nginx"));
}

TEST(OpenAi, an_http_error_has_the_status_and_the_message_of_its_body) {
  FakeServer server({{kChat, text(R"({"error":{"message":"too many requests"}})", 429)}});
  const auto response = complete(server);
  ASSERT_TRUE(response.failure);
  EXPECT_EQ(response.failure->kind, "http");
  EXPECT_EQ(response.failure->http_status, 429);
  EXPECT_EQ(response.failure->message, "HTTP 429: too many requests");
}

TEST(OpenAi, an_http_error_without_json_shows_500_characters) {
  FakeServer server({{kChat, text(std::string(2000, 'x'), 500)}});
  EXPECT_EQ(complete(server).failure->message, "HTTP 500: " + std::string(500, 'x'));
}

TEST(OpenAi, an_aborted_stream_keeps_what_came) {
  FakeServer server({{kChat, stream({kAnswer[1]}, true)}});
  const auto response = complete(server);
  ASSERT_TRUE(response.failure);
  EXPECT_EQ(response.failure->kind, "protocol");
  EXPECT_EQ(response.content, "4");
  EXPECT_EQ(response.arrivals.size(), 1u);
}

TEST(OpenAi, X16_a_mid_stream_error_is_the_failure_even_when_the_stream_breaks) {
  FakeServer server(
      {{kChat, stream({kAnswer[1], "data: {\"error\":{\"message\":\"out of memory\"}}\n\n"}, true)}});
  const auto response = complete(server);
  ASSERT_TRUE(response.failure);
  EXPECT_EQ(response.failure->kind, "server");
  EXPECT_EQ(response.failure->message, "out of memory");
}

TEST(OpenAi, a_refused_connection_is_a_connect_failure) {
  std::string url;
  { url = FakeServer({}).url(); }
  const auto response = make_openai(options(url))->complete(hello(), {});
  ASSERT_TRUE(response.failure);
  EXPECT_EQ(response.failure->kind, "connect");
  EXPECT_GE(response.done, response.sent);
}

TEST(OpenAi, X10_a_silent_server_is_a_timeout) {
  const auto silent = [](const http::ServerRequest&) {
    http::ServerResponse response{200, {{"Content-Type", "text/event-stream"}}, "", {}};
    response.stream = [] { return http::Piece{": ping\n\n", std::chrono::milliseconds(20), false}; };
    return response;
  };
  FakeServer server({{kChat, silent}});
  const auto response = complete(server, parameters({{"timeout", "0.2"}}));
  ASSERT_TRUE(response.failure);
  EXPECT_EQ(response.failure->kind, "timeout");
}

TEST(OpenAi, a_cancelled_request_says_so_and_keeps_what_came) {
  const auto endless = [](const http::ServerRequest&) {
    http::ServerResponse response{200, {{"Content-Type", "text/event-stream"}}, "", {}};
    response.stream = [] { return http::Piece{kAnswer[1], std::chrono::milliseconds(5), false}; };
    return response;
  };
  FakeServer server({{kChat, endless}});
  std::stop_source source;
  std::jthread canceller([&] {
    while (server.requests().empty()) std::this_thread::yield();
    source.request_stop();
  });
  const auto response = make_openai(options(server.url()))->complete(hello(), source.get_token());
  ASSERT_TRUE(response.failure);
  EXPECT_EQ(response.failure->kind, "cancelled");
}

TEST(OpenAi, the_key_goes_into_the_header_and_into_no_text) {
  FakeServer server({{kChat, text(R"({"error":{"message":"Incorrect API key provided: sk-secret"}})", 401)}});
  auto with_key = options(server.url());
  with_key.api_key = "sk-secret";
  const auto response = make_openai(with_key)->complete(hello(), {});
  EXPECT_THAT(server.requests().at(0).headers, Contains(testing::Pair("Authorization", "Bearer sk-secret")));
  EXPECT_THAT(response.failure->message, Not(HasSubstr("sk-secret")));
}

TEST(OpenAi, prepare_finds_the_model_and_warms_up) {
  FakeServer server({{"/v1/models", text(kModels)}, {kChat, stream(kAnswer)}});
  const auto description = make_openai(options(server.url()))->prepare("m");
  EXPECT_THAT(description.models, Contains("llama-3-8b"));
  EXPECT_EQ(server.last_body(kChat).at("max_tokens"), 1);
}

std::string hint_of(const ClientOptions& client_options, const std::string& model) {
  try {
    make_openai(client_options)->prepare(model);
  } catch (const Error& error) {
    return error.hint();
  }
  return "no error";
}

TEST(OpenAi, prepare_names_near_models_when_the_model_is_missing) {
  FakeServer server({{"/v1/models", text(kModels)}});
  EXPECT_THAT(hint_of(options(server.url()), "llama-3-7b"), HasSubstr("llama-3-8b"));
}

TEST(OpenAi, prepare_tells_how_to_start_a_server_when_none_answers) {
  std::string url;
  { url = FakeServer({}).url(); }
  EXPECT_THAT(hint_of(options(url), "m"), HasSubstr("llama-server"));
}

TEST(OpenAi, prepare_lives_with_a_server_without_a_list_of_models) {
  FakeServer server({{kChat, stream(kAnswer)}});
  EXPECT_THAT(make_openai(options(server.url()))->prepare("m").warnings,
              Contains(HasSubstr("no list of models")));
}

const std::string kMetrics =
    "# TYPE vllm:prompt_tokens counter\nvllm:prompt_tokens_total{model_name=\"m\"} "
    "5\nvllm:prompt_tokens_total{model_name=\"n\"} 2\n"
    "vllm:e2e_request_latency_seconds_bucket{le=\"1\"} 3\nprocess_cpu_seconds_total 9\n";

TEST(Vllm, prepare_records_version_and_metrics) {
  FakeServer server({{"/v1/models", text(kModels)},
                     {kChat, stream(kAnswer)},
                     {"/health", text("")},
                     {"/version", text(R"({"version":"0.19.1"})")},
                     {"/metrics", text(kMetrics, 200, "text/plain")}});
  const auto description = make_vllm(options(server.url()))->prepare("m");
  EXPECT_EQ(description.version, "0.19.1");
  EXPECT_THAT(description.details_json, HasSubstr(R"("metrics_at_start":{"vllm:prompt_tokens_total":7.0})"));
}

TEST(Vllm, a_dead_engine_ends_the_command) {
  FakeServer server({{"/v1/models", text(kModels)}, {kChat, stream(kAnswer)}, {"/health", text("", 503)}});
  EXPECT_THROW(make_vllm(options(server.url()))->prepare("m"), Error);
}

}  // namespace
}  // namespace ipw::clients
