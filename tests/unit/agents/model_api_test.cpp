// SPDX-License-Identifier: Apache-2.0
#include "ipw/agents/model_api.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ipw/base/json.h"

namespace ipw::agents {
namespace {

TEST(ModelApi, is_known_by_the_end_of_the_path) {
  EXPECT_EQ(api_of("POST", "/v1/chat/completions"), ModelApi::Chat);
  EXPECT_EQ(api_of("POST", "/v1/completions?x=1"), ModelApi::Completions);
  EXPECT_EQ(api_of("POST", "/v1/responses"), ModelApi::Responses);
  EXPECT_EQ(api_of("POST", "/v1/messages?beta=true"), ModelApi::Messages);
  EXPECT_FALSE(api_of("GET", "/v1/chat/completions"));
  EXPECT_FALSE(api_of("POST", "/v1/embeddings"));
  EXPECT_FALSE(api_of("POST", "/v1/messages/count_tokens"));
}

TEST(ModelApi, asks_a_stream_for_its_usage_where_the_agent_did_not) {
  const auto request = read_request(ModelApi::Chat, R"({"model":"m","stream":true,"messages":[]})");
  EXPECT_EQ(request.model, "m");
  EXPECT_TRUE(request.streams);
  EXPECT_TRUE(request.usage_is_ours);
  EXPECT_EQ(Json::parse(request.body)["stream_options"]["include_usage"], true);
}

TEST(ModelApi, leaves_all_other_requests_as_they_are) {
  for (const auto* body :
       {R"({"stream":true,"stream_options":{"include_usage":true}})", R"({"model":"m"})", "no JSON", "[1]"}) {
    const auto request = read_request(ModelApi::Chat, body);
    EXPECT_EQ(request.body, body);
    EXPECT_FALSE(request.usage_is_ours);
  }
  EXPECT_FALSE(read_request(ModelApi::Messages, R"({"stream":true})").usage_is_ours);
}

TEST(ModelApi, only_an_event_without_a_choice_is_usage_alone) {
  EXPECT_TRUE(is_usage_alone(R"({"choices":[],"usage":{"prompt_tokens":1}})"));
  EXPECT_FALSE(is_usage_alone(R"({"choices":[],"usage":null})"));
  EXPECT_FALSE(is_usage_alone(R"({"choices":[{"delta":{}}],"usage":{"prompt_tokens":1}})"));
  EXPECT_FALSE(is_usage_alone("[DONE]"));
}

}  // namespace
}  // namespace ipw::agents
