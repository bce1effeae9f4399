// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/config.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ipw/base/error.h"

namespace ipw::execution {
namespace {

ProfileConfig unusual() {
  ProfileConfig c;
  c.client = "openai";
  c.client_base_url = "http://localhost:9";
  c.model = "m";
  c.dataset = "local";
  c.dataset_params.set("path", "a,b.jsonl");
  c.client_params.set("timeout", "5");
  c.max_queries = 7;
  c.sample_evenly = true;
  c.concurrency = 3;
  c.attribution = "time-share";
  c.seed = 11;
  c.temperature = 0.5;
  c.max_tokens = 9;
  c.shard = {2, 4};
  c.monitor = "none";
  c.collectors = {"host", "simulated:watts=5"};
  return c;
}

TEST(Config, C7_makes_up_no_address_so_that_each_client_uses_its_own) {
  EXPECT_EQ(ProfileConfig{}.client_base_url, "");
  EXPECT_EQ(profile_config_from_json(Json::object()).client_base_url, "");
}

TEST(Config, survives_the_round_trip_through_json) {
  const auto json = to_json(unusual());
  EXPECT_EQ(to_json(profile_config_from_json(json)), json);
}

TEST(Config, Z10_keeps_secrets_off_the_disk) {
  auto config = unusual();
  config.api_key = "sk-secret";
  config.client_params.set("api_key", "sk-secret");
  EXPECT_EQ(to_json(config).dump().find("sk-secret"), std::string::npos);
}

TEST(Config, names_the_key_with_the_wrong_type) {
  try {
    profile_config_from_json(Json{{"concurrency", "many"}});
    FAIL() << "nothing was thrown";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("concurrency"), std::string::npos);
  }
}

TEST(Config, names_the_key_with_a_value_out_of_its_range) {
  const Json wrong[] = {{{"concurrency", 0}},  {{"concurrency", 2.5}},
                        {{"max_queries", -1}}, {{"shard", {0, 3}}},
                        {{"shard", {4, 3}}},   {{"shard", {1}}},
                        {{"shard", "1/2"}},    {{"idle_seconds", 1e300}},
                        {{"seed", -1}},        {{"sampling_period_seconds", 0}}};
  for (const auto& json : wrong) {
    try {
      profile_config_from_json(json);
      ADD_FAILURE() << json.dump();
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(json.begin().key()), std::string::npos) << e.what();
    }
  }
}

TEST(Config, differs_only_by_what_is_asked_and_how) {
  auto other = unusual();
  other.output_dir = "elsewhere";
  other.monitor = "auto";
  EXPECT_FALSE(incompatible_key(unusual(), other));
  other.temperature = 1;
  EXPECT_TRUE(incompatible_key(unusual(), other).value().starts_with("temperature"));
}

TEST(Config, keeps_the_limits_of_an_agent_s_task) {
  ProfileConfig config;
  config.agent.name = "react";
  EXPECT_EQ(to_json(config).at("max_task_disk"), std::uint64_t{2} << 30);
  auto other = config;
  other.agent.max_task_disk = 0;
  EXPECT_EQ(profile_config_from_json(to_json(other)).agent.max_task_disk, 0U);
  EXPECT_TRUE(incompatible_key(config, other).value().starts_with("max_task_disk"));
}

}  // namespace
}  // namespace ipw::execution
