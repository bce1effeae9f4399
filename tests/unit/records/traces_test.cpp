// SPDX-License-Identifier: Apache-2.0
// A task as its trace tells it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ipw/records/task_exports.h"

namespace ipw::records {
namespace {

Span span(std::int64_t id, const char* kind, const char* name, double begin, double end, double joules) {
  Span s;
  s.id = id;
  if (id > 0) s.parent = 0;
  s.kind = kind;
  s.name = name;
  s.begin_seconds = begin;
  s.end_seconds = end;
  s.own_seconds = end - begin;
  DomainEnergy energy;
  energy.domain = "gpu-0";
  energy.scope = "accelerator";
  energy.joules = joules;
  s.energy = {energy};
  return s;
}

/// Two calls: the first asks for two tools of one name, the second for one that comes last of all.
QueryRecord record() {
  QueryRecord r;
  r.latency.total_seconds = 10;
  r.spans = {span(0, "task", "", 0, 10, 5),    span(1, "model", "m", 0, 2, 20),
             span(2, "tool", "bash", 2, 3, 1), span(3, "tool", "bash", 3, 5, 2),
             span(4, "model", "m", 5, 8, 30),  span(5, "tool", "think", 8, 9, 0)};
  r.spans[0].own_seconds = 1;
  return r;
}

TEST(Trace, A3_a_tool_belongs_to_the_call_that_asked_for_it_and_keeps_its_own_time) {
  const auto turns = trace_json(record())["turns"];
  ASSERT_EQ(turns.size(), 2U);
  EXPECT_EQ(turns[0]["tools_called"], Json({"bash", "bash"}));
  EXPECT_EQ(turns[0]["tool_latencies_s"], Json({{"bash", 1.0}, {"bash#2", 2.0}}));
  EXPECT_EQ(turns[1]["tools_called"], Json({"think"}));
  EXPECT_EQ(turns[1]["tool_latencies_s"], Json({{"think", 1.0}}));
}

TEST(Trace, M52_a_turn_has_the_energy_of_its_call_and_of_its_tools) {
  const auto trace = trace_json(record());
  EXPECT_EQ(trace["turns"][0]["gpu_energy_joules"], 23.0);
  EXPECT_EQ(trace["turns"][0]["wall_clock_s"], 5.0);
  EXPECT_EQ(trace["turns"][1]["gpu_energy_joules"], 30.0);
}

TEST(Trace, M51_counts_that_nobody_knows_are_null) {
  const auto trace = trace_json(record());
  EXPECT_TRUE(trace["total_input_tokens"].is_null());
  EXPECT_TRUE(trace["total_tokens"].is_null());
  EXPECT_TRUE(trace["turns"][0]["output_tokens"].is_null());
  EXPECT_TRUE(trace["energy_per_output_token_joules"].is_null());
}

TEST(Trace, A6_all_energy_over_some_of_the_tokens_is_no_figure) {
  auto r = record();
  r.energy = r.spans[1].energy;
  r.tokens = {10, 5, {}, {}, "server"};
  EXPECT_EQ(trace_json(r)["energy_per_output_token_joules"], 4.0);
  EXPECT_EQ(trace_json(r)["throughput_tokens_per_sec"], 0.5);
  r.tokens.source = "incomplete";
  EXPECT_TRUE(trace_json(r)["energy_per_output_token_joules"].is_null());
  EXPECT_TRUE(trace_json(r)["throughput_tokens_per_sec"].is_null());
  EXPECT_EQ(trace_json(r)["total_output_tokens"], 5) << "what is known of them is told";
}

TEST(Trace, a_turn_holds_the_models_that_its_tools_asked) {
  auto r = record();
  Span sub = r.spans[1];
  sub.id = 9;
  sub.kind = "submodel";
  sub.parent = r.spans[2].id;
  sub.begin_seconds = r.spans[2].begin_seconds;
  r.spans.push_back(sub);
  const auto trace = trace_json(r);
  EXPECT_EQ(trace["num_turns"], 2);
  EXPECT_EQ(trace["turns"][0]["gpu_energy_joules"],
            23.0 + scope_energy(sub.energy, "accelerator").joules.value());
}

TEST(Trace, K8_a_judge_has_no_part_in_the_energy_of_a_task) {
  auto r = record();
  r.energy = r.spans[1].energy;
  const auto trace = trace_json(r);
  EXPECT_TRUE(trace["judge_gpu_energy_joules"].is_null());
  EXPECT_FALSE(trace["query_gpu_energy_joules"].is_null());
  EXPECT_EQ(trace["total_task_gpu_energy_joules"], trace["query_gpu_energy_joules"]);
}

TEST(Trace, M32_the_energy_of_a_provider_s_model_is_not_measurable) {
  EXPECT_FALSE(lm_energy_measurable({{"client_base_url", "https://api.openai.com/v1"}}));
  EXPECT_TRUE(lm_energy_measurable({{"client_base_url", "http://gpu-box:8000/v1"}}));
  EXPECT_TRUE(lm_energy_measurable(Json::object()));
  EXPECT_EQ(trace_json(record(), false)["lm_energy_measurable"], false);
}

TEST(Trace, a_task_without_spans_has_no_turns) {
  EXPECT_EQ(trace_json({})["num_turns"], 0);
}

}  // namespace
}  // namespace ipw::records
