// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/sub_models.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ipw/base/error.h"

namespace ipw::execution {
namespace {

std::string refusal(const std::string& text) {
  try {
    parse_sub_model_option(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::Usage);
    return error.what();
  }
  return "";
}

AgentChoice react(const std::string& kwargs = "{}") {
  AgentChoice out;
  out.name = "react";
  out.kwargs = kwargs;
  return out;
}

ProfileConfig config_of(const AgentChoice& agent, const std::string& url = "http://127.0.0.1:8000/v1") {
  ProfileConfig out;
  out.agent = agent;
  out.model = "org/main";
  out.client_base_url = url;
  return out;
}

TEST(SubModelOption, is_cut_at_two_colons_alone) {
  const auto choice = parse_sub_model_option("small:ollama:qwen3:4b");
  EXPECT_EQ(choice.alias, "small");
  EXPECT_EQ(choice.backend, "ollama");
  EXPECT_EQ(choice.model, "qwen3:4b");
}

TEST(SubModelOption, an_empty_alias_is_the_last_part_of_the_model) {
  EXPECT_EQ(parse_sub_model_option(":vllm:Qwen/Qwen3_4B").alias, "qwen3-4b");
  EXPECT_EQ(parse_sub_model_option(":ollama:Llama").alias, "llama");
}

TEST(SubModelOption, what_is_malformed_is_said) {
  EXPECT_EQ(refusal("small"), "--submodel small: it has less than three parts");
  EXPECT_EQ(refusal("small:vllm"), "--submodel small:vllm: it has less than three parts");
  EXPECT_EQ(refusal("small:vllm:"), "--submodel small:vllm:: the model's id is empty");
  EXPECT_EQ(refusal("small:mlx:m"),
            "--submodel small:mlx:m: there is no backend 'mlx'; there are llamacpp, ollama, sglang, vllm");
  EXPECT_EQ(refusal("main:vllm:m"),
            "--submodel main:vllm:m: the alias 'main' is that of the agent's own model");
  EXPECT_EQ(refusal(":vllm:org/"), "--submodel :vllm:org/: the alias is empty");
}

TEST(SubModels, have_the_ports_after_the_main_model_and_ollama_its_own) {
  auto agent = react(R"({"tools": ["calculator"]})");
  const SubModelChoice choices[] = {{"a", "vllm", "org/a"}, {"b", "ollama", "b:1"}, {"c", "llamacpp", "c"}};
  add_sub_models(agent, choices, 8000, "vllm");
  const auto kwargs = Json::parse(agent.kwargs);
  EXPECT_EQ(kwargs.at("tools"), Json::parse(R"(["calculator"])"));
  const auto& rows = kwargs.at("sub_models");
  EXPECT_EQ(
      rows[0],
      Json::parse(R"({"alias":"a","backend":"vllm","model":"org/a","base_url":"http://127.0.0.1:8001/v1"})"));
  EXPECT_EQ(rows[1].at("base_url"), "http://127.0.0.1:11434/v1");
  EXPECT_EQ(rows[2].at("base_url"), "http://127.0.0.1:8002/v1");
}

TEST(SubModels, of_ollama_are_with_the_main_model_where_that_is_ollama_too) {
  auto agent = react();
  const SubModelChoice choices[] = {{"b", "ollama", "b:1"}};
  add_sub_models(agent, choices, 9999, "ollama");
  EXPECT_EQ(Json::parse(agent.kwargs).at("sub_models")[0].at("base_url"), "http://127.0.0.1:9999/v1");
}

TEST(SubModels, need_an_agent_that_asks_them) {
  auto agent = react();
  agent.name = "terminus";
  const SubModelChoice choices[] = {{"b", "ollama", "b:1"}};
  EXPECT_THROW(add_sub_models(agent, choices, 1, "ollama"), Error);
  add_sub_models(agent, {}, 1, "ollama");
  EXPECT_EQ(agent.kwargs, "{}");
  agent = react(R"({"sub_models": [{"alias": "b", "backend": "vllm", "model": "x"}]})");
  EXPECT_THROW(add_sub_models(agent, choices, 1, "ollama"), Error) << "two of one name";
  agent = react();
  EXPECT_THROW(add_sub_models(agent, choices, 65536, "ollama"), Error) << "no such port";
  agent = react(R"({"sub_models": 3})");
  EXPECT_THROW(add_sub_models(agent, choices, 1, "ollama"), Error);
}

TEST(PlannedServers, are_the_main_models_and_those_of_sub_models_on_this_machine) {
  auto agent = react(R"({"sub_models": [
      {"alias": "far", "backend": "vllm", "model": "x", "base_url": "http://gpu2:8000/v1"},
      {"alias": "paid", "backend": "openai", "model": "gpt", "base_url": "http://127.0.0.1:1/v1"},
      {"alias": "near", "backend": "llamacpp", "model": "tiny-36k",
       "base_url": "http://127.0.0.1:8001/v1"}]})");
  const auto planned = plan_servers(config_of(agent), "vllm");
  ASSERT_EQ(planned.size(), 2U);
  EXPECT_EQ(planned[0].alias, "main");
  EXPECT_EQ(planned[0].spec.engine, "vllm");
  EXPECT_EQ(planned[0].spec.model, "org/main");
  EXPECT_EQ(planned[0].spec.port, 8000);
  EXPECT_FALSE(planned[0].spec.gpu_memory_utilization);
  EXPECT_EQ(planned[1].alias, "near");
  EXPECT_EQ(planned[1].spec.engine, "llama-server");
  EXPECT_EQ(planned[1].spec.port, 8001);
}

TEST(PlannedServers, Z8_listen_on_loopback) {
  const auto planned = plan_servers(config_of(react(), "http://localhost:8000/v1"), "vllm");
  EXPECT_EQ(planned[0].spec.host, "127.0.0.1");
}

TEST(PlannedServers, part_the_memory_of_a_gpu_that_they_would_claim_whole) {
  auto agent = react();
  const SubModelChoice choices[] = {{"a", "vllm", "org/a"}, {"b", "ollama", "b"}, {"c", "sglang", "org/c"}};
  add_sub_models(agent, choices, 8000, "vllm");
  const auto planned = plan_servers(config_of(agent), "vllm");
  ASSERT_EQ(planned.size(), 4U);
  for (const int i : {0, 1, 3})
    EXPECT_DOUBLE_EQ(*planned[static_cast<std::size_t>(i)].spec.gpu_memory_utilization, 0.3);
  EXPECT_FALSE(planned[2].spec.gpu_memory_utilization);
}

TEST(PlannedServers, that_cannot_be_started_are_refused) {
  EXPECT_THROW(plan_servers(config_of(react(), "https://api.openai.com/v1"), "openai"), Error);
  EXPECT_THROW(plan_servers(config_of(react(), "http://gpu2:8000/v1"), "vllm"), Error);
  EXPECT_THROW(plan_servers(config_of(react(), "http://127.0.0.1/v1"), "vllm"), Error);
  auto agent =
      react(R"({"sub_models": ["small:vllm:org/small"]})");  // where vLLM is by default, as the main one
  EXPECT_THROW(plan_servers(config_of(agent), "vllm"), Error);
}

TEST(PlannedServers, two_models_of_ollama_share_a_port) {
  auto agent = react();
  const SubModelChoice choices[] = {{"a", "ollama", "a"}, {"b", "ollama", "b"}};
  add_sub_models(agent, choices, 11434, "ollama");
  EXPECT_EQ(plan_servers(config_of(agent, "http://127.0.0.1:11434/v1"), "ollama").size(), 3U);
}

}  // namespace
}  // namespace ipw::execution
