// SPDX-License-Identifier: Apache-2.0
#include "ipw/clients/ollama.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_server.h"
#include "ipw/base/error.h"

namespace ipw::clients {
namespace {

using testing::HasSubstr;

const std::vector<std::string> kAnswer = {
    "{\"message\":{\"content\":\"4\"},\"done\":false}\n{\"message\":{\"con",
    "tent\":\"2\"},\"done\":false}\n",
    "{\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"eval_count\":2}\n"};
const std::string kTags = R"({"models":[{"name":"qwen3:0.6b"},{"name":"m:latest"}]})";

TEST(Ollama, an_answer_cut_anywhere_is_read) {
  FakeServer server({{"/api/chat", stream(kAnswer)}});
  const auto response = make_ollama(options(server.url()))->complete(hello(), {});
  EXPECT_FALSE(response.failure);
  EXPECT_EQ(response.content, "42");
  EXPECT_EQ(response.usage.completion_tokens, 2);
}

TEST(Ollama, X14_sampling_parameters_stand_under_options) {
  FakeServer server({{"/api/chat", stream(kAnswer)}});
  auto request = hello();
  request.sampling = {0.5, 0.9, 5, 17, {}};
  make_ollama(options(server.url(), parameters({{"num_ctx", "2048"}, {"think", "false"}})))
      ->complete(request, {});
  const auto body = server.last_body("/api/chat");
  EXPECT_EQ(body.at("options").at("temperature"), 0.5);
  EXPECT_EQ(body.at("options").at("top_p"), 0.9);
  EXPECT_EQ(body.at("options").at("num_predict"), 5);
  EXPECT_EQ(body.at("options").at("seed"), 17);
  EXPECT_EQ(body.at("options").at("num_ctx"), 2048);
  EXPECT_EQ(body.at("think"), false);
  EXPECT_FALSE(body.contains("temperature"));
}

TEST(Ollama, images_stand_beside_the_text_without_their_head) {
  FakeServer server({{"/api/chat", stream(kAnswer)}});
  auto request = hello();
  request.messages.back().images = {"data:image/png;base64,AAAA"};
  make_ollama(options(server.url(), parameters({{"system", "Be brief."}})))->complete(request, {});
  const auto messages = server.last_body("/api/chat").at("messages");
  EXPECT_EQ(messages.at(1).at("content"), "Hello");
  EXPECT_EQ(messages.at(1).at("images").dump(), R"(["AAAA"])");
  EXPECT_FALSE(messages.at(0).contains("images"));
}

TEST(Ollama, K2_the_generate_endpoint_is_an_option) {
  FakeServer server({{"/api/generate", stream({"{\"response\":\"4\",\"done\":true}\n"})}});
  const auto client =
      make_ollama(options(server.url(), parameters({{"api", "generate"}, {"system", "Be brief."}})));
  EXPECT_EQ(client->complete(hello(), {}).content, "4");
  EXPECT_EQ(server.last_body("/api/generate").at("prompt"), "Hello");
  EXPECT_EQ(server.last_body("/api/generate").at("system"), "Be brief.");
}

TEST(Ollama, an_error_status_has_the_servers_text) {
  FakeServer server({{"/api/chat", text(R"({"error":"model 'm' not found"})", 404)}});
  const auto response = make_ollama(options(server.url()))->complete(hello(), {});
  ASSERT_TRUE(response.failure);
  EXPECT_EQ(response.failure->message, "HTTP 404: model 'm' not found");
}

TEST(Ollama, M59_prepare_loads_the_model_before_the_first_query) {
  FakeServer server({{"/api/tags", text(kTags)},
                     {"/api/version", text(R"({"version":"0.12.3"})")},
                     {"/api/generate", text(R"({"done":true,"done_reason":"load","load_duration":5000})")}});
  const auto description = make_ollama(options(server.url()))->prepare("m");
  EXPECT_EQ(description.version, "0.12.3");
  EXPECT_EQ(server.last_body("/api/generate").at("prompt"), "");
  EXPECT_THAT(description.details_json, HasSubstr("load_seconds"));
}

TEST(Ollama, prepare_tells_how_to_get_a_missing_model) {
  FakeServer server({{"/api/tags", text(kTags)}});
  try {
    make_ollama(options(server.url()))->prepare("qwen3:0.5b");
    FAIL() << "the model is not there";
  } catch (const Error& error) {
    EXPECT_THAT(error.hint(), HasSubstr("ollama pull qwen3:0.5b"));
    EXPECT_THAT(error.hint(), HasSubstr("qwen3:0.6b"));
  }
}

TEST(Ollama, unknown_parameters_are_rejected) {
  EXPECT_THROW(make_ollama(options("", parameters({{"num_ctxt", "1"}}))), Error);
}

}  // namespace
}  // namespace ipw::clients
