// SPDX-License-Identifier: Apache-2.0
#include "ipw/analysis/actions.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "ipw/analysis/flops.h"
#include "ipw/analysis/task_statistics.h"
#include "runs.h"

namespace ipw::analysis {
namespace {

records::DomainEnergy gpu(std::optional<double> joules) {
  records::DomainEnergy e;
  e.domain = "gpu-0";
  e.scope = "accelerator";
  e.joules = joules;
  return e;
}

records::Span span(std::int64_t id, std::optional<std::int64_t> parent, std::string kind, std::string name,
                   double joules, double seconds = 1) {
  records::Span s;
  s.id = id;
  s.parent = parent;
  s.kind = std::move(kind);
  s.name = std::move(name);
  s.own_seconds = seconds;
  s.end_seconds = seconds;
  s.energy = {gpu(joules)};
  return s;
}

/// A task of 10 J: 2 J its own, a call of 1 + 3 J, and two tools at once of 1.5 and 2.5 J.
records::QueryRecord task(std::int64_t index) {
  auto r = answered(index, true);
  auto call = span(2, 1, "model", "m", 4);
  call.prefill = {1.0, 0.25, 0.1};
  call.decode = {3.0, 0.75, 0.1};
  call.tokens = {100, 20, {}, {}, "server"};
  call.cost = records::Cost{1e-4, 0, 2e-4, 0, 3e-4, "2026-05-01"};
  r.spans = {span(1, {}, "task", "", 2), call, span(3, 1, "tool", "search", 1.5),
             span(4, 1, "tool", "search", 2.5)};
  return r;
}

Actions collect(const std::vector<records::QueryRecord>& records, const Json& summary = {}) {
  ActionCollector collector;
  for (const auto& r : records) collector.add(r);
  return std::move(collector).finish(summary);
}

const ActionCost& find(const Actions& actions, const std::string& name) {
  for (const auto& cost : actions.costs)
    if (cost.action == name) return cost;
  throw std::runtime_error("no action " + name);
}

Json summary_of(double device_joules) {
  return {{"telemetry",
           {{"domains", {{{"name", "gpu-0"}, {"scope", "accelerator"}, {"alternative_to", ""}}}},
            {"run", {{{"domain", "gpu-0"}, {"joules", device_joules}}}}}},
          {"attribution", nullptr},
          {"totals", {{"wall_clock_s", 9.0}}}};
}

TEST(Actions, M57_count_the_spans_of_all_queries) {
  const auto a = collect({task(0), task(1), task(2)});
  EXPECT_EQ(a.queries, 3U);
  EXPECT_EQ(find(a, "tool search").count, 6U);
  EXPECT_DOUBLE_EQ(find(a, "tool search").joules, 12);
  EXPECT_EQ(find(a, "agent").count, 3U);
  EXPECT_DOUBLE_EQ(find(a, "agent").joules, 6);
}

TEST(Actions, part_prefill_and_decode_with_their_tokens_and_money) {
  const auto a = collect({task(0)});
  EXPECT_DOUBLE_EQ(find(a, "model prefill").joules, 1);
  EXPECT_DOUBLE_EQ(find(a, "model prefill").seconds, 0.25);
  EXPECT_EQ(find(a, "model prefill").input_tokens, 100);
  EXPECT_EQ(find(a, "model prefill").output_tokens, 0);
  EXPECT_DOUBLE_EQ(find(a, "model prefill").cost_usd, 1e-4);
  EXPECT_DOUBLE_EQ(find(a, "model decode").joules, 3);
  EXPECT_EQ(find(a, "model decode").output_tokens, 20);
  EXPECT_DOUBLE_EQ(find(a, "model decode").cost_usd, 2e-4);
}

TEST(Actions, of_a_query_without_an_agent_are_its_one_call) {
  auto r = answered(0, true);
  r.prefill = {4.0, 0.5, 0.1};
  r.decode = {6.0, 1.5, 0.1};
  const auto a = collect({r, answered(1, true)});
  EXPECT_DOUBLE_EQ(find(a, "model decode").joules, 6);
  EXPECT_DOUBLE_EQ(find(a, "model").joules, 10);
}

TEST(Actions, M54_add_up_to_their_task_whatever_is_nested_in_what) {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> joules(0, 5);
  std::vector<records::QueryRecord> runs;
  double truth = 0;
  for (int i = 0; i < 40; ++i) {
    auto r = answered(i, true);
    const auto n = 1 + static_cast<int>(random() % 12);
    for (int s = 1; s <= n; ++s) {
      const auto j = joules(random);
      truth += j;
      const auto parent =
          s == 1 ? std::nullopt : std::optional<std::int64_t>(1 + static_cast<int>(random() % (s - 1)));
      r.spans.push_back(span(s, parent,
                             s == 1              ? "task"
                             : random() % 2 == 0 ? "tool"
                                                 : "model",
                             "n" + std::to_string(random() % 3), j));
    }
    const auto actions = actions_of(r);
    double self = 0;
    for (const auto& action : actions) self += action.gpu_joules.value();
    EXPECT_NEAR(actions.front().inclusive_gpu_joules.value(), self, 1e-9);
    runs.push_back(std::move(r));
  }
  double sum = 0;
  for (const auto& cost : collect(runs).costs) sum += cost.joules;
  EXPECT_NEAR(sum, truth, 1e-9 * truth);
}

TEST(Actions, M53_two_tools_at_once_have_their_own_times_and_joules) {
  const auto actions = actions_of(task(7));
  ASSERT_EQ(actions.size(), 4U);
  EXPECT_EQ(actions[2].query_id, "q7");
  EXPECT_EQ(actions[2].gpu_joules, 1.5);
  EXPECT_EQ(actions[3].gpu_joules, 2.5);
  EXPECT_EQ(actions[3].parent, 1);
  EXPECT_EQ(actions[0].inclusive_gpu_joules, 10);
}

TEST(Actions, M24_an_absent_energy_is_counted_and_is_no_zero) {
  auto r = task(0);
  r.spans[2].energy = {gpu(std::nullopt)};
  const auto a = collect({r, task(1)});
  EXPECT_EQ(find(a, "tool search").without_energy, 1U);
  EXPECT_DOUBLE_EQ(find(a, "tool search").joules, 2.5 + 4);
  EXPECT_EQ(a.whole, 1U);
  EXPECT_EQ(find(a, "tool search").per_query.n(), 1U);
  const auto result = actions_result(a, "m");
  EXPECT_EQ(result.warnings, std::vector<std::string>{"tool search: 1 of 4 have no energy"});
}

TEST(Actions, idle_is_what_the_device_drew_besides) {
  const auto a = collect({task(0), task(1)}, summary_of(26));
  EXPECT_DOUBLE_EQ(a.rest.idle_joules.value(), 6);
  EXPECT_DOUBLE_EQ(a.rest.seconds.value(), 5);
  double shares = *a.rest.idle_joules / *a.rest.device_joules;
  const auto json = parse_json(actions_result(a, "m").json).value();
  for (const auto& row : json["data"]["actions"]) shares += row["share"].get<double>();
  EXPECT_NEAR(shares, 1, 1e-12);
}

TEST(Actions, idle_is_not_told_where_a_part_of_the_run_was_watched) {
  const auto a = collect({task(0), task(1)}, summary_of(12));
  EXPECT_FALSE(a.rest.idle_joules);
  EXPECT_NE(a.rest.reason.find("resumed"), std::string::npos);
  auto summary = summary_of(100);  // enough for all tasks, and yet of the last part alone
  summary["totals"]["done_before_resume"] = 1;
  const auto resumed = collect({task(0), task(1)}, summary);
  EXPECT_FALSE(resumed.rest.idle_joules || resumed.rest.device_joules);
  EXPECT_NE(resumed.rest.reason.find("resumed"), std::string::npos);
}

TEST(Actions, M24_what_is_unknown_below_makes_the_sum_unknown) {
  auto r = task(0);
  r.spans[2].energy = {gpu(std::nullopt)};
  for (const auto& action : actions_of(r)) {
    const bool holds_it = action.span == r.spans[2].id || action.span == r.spans[2].parent || !action.parent;
    EXPECT_EQ(action.gpu_lost, action.span == r.spans[2].id);
    EXPECT_EQ(action.inclusive_gpu_joules.has_value(), !holds_it) << action.action;
  }
}

TEST(Actions, per_query_counts_a_query_without_the_action_as_none) {
  auto bare = task(1);
  bare.spans.resize(2);
  const auto a = collect({bare, task(0)});
  EXPECT_EQ(find(a, "tool search").per_query.n(), 2U);
  EXPECT_DOUBLE_EQ(find(a, "tool search").per_query.mean(), 2);
}

TEST(TaskStatistics, M56_normalized_figures_leave_a_twentieth_out_at_each_end) {
  std::vector<records::QueryRecord> runs;
  for (int i = 0; i < 40; ++i) {
    runs.push_back(task(i));
    runs.back().latency.total_seconds = i < 2 ? 0.01 : i > 37 ? 100 : 2;
  }
  const auto run = run_of(runs);
  const auto sections = task_sections(run, {.seed = 0, .draws = 200});
  const auto& trimmed = sections["normalized_statistics"];
  EXPECT_EQ(trimmed["_outliers_removed"]["queries_after"], 36);
  EXPECT_EQ(trimmed["wall_clock_s"]["min"], 2.0);
  EXPECT_EQ(trimmed["wall_clock_s"]["max"], 2.0);
  EXPECT_EQ(trimmed["turns"]["avg"], 1.0);
  EXPECT_EQ(trimmed["tool_calls"]["avg"], 2.0);
  EXPECT_DOUBLE_EQ(sections["normalized_efficiency"]["avg_energy_j"].get<double>(), 10);
  EXPECT_DOUBLE_EQ(sections["normalized_efficiency"]["ipj"].get<double>(), 0.1);
  EXPECT_DOUBLE_EQ(sections["per_unit"]["energy per turn"]["value"].get<double>(), 10);
}

TEST(TaskStatistics, keep_all_of_too_few_queries) {
  const auto sections = task_sections(run_of({task(0), task(1), task(2)}), {.seed = 0, .draws = 200});
  EXPECT_TRUE(sections["normalized_statistics"].is_null());
}

TEST(TaskStatistics, equal_times_are_trimmed_the_same_in_any_order) {
  std::vector<records::QueryRecord> runs;
  for (int i = 0; i < 12; ++i) runs.push_back(task(i));
  const auto questions = [](const RunData& run) {
    std::vector<std::uint64_t> out;
    const auto trimmed = without_extremes(run);
    for (const auto& row : trimmed->rows) out.push_back(row.question);
    std::ranges::sort(out);
    return out;
  };
  const auto forwards = questions(run_of(runs));
  std::ranges::reverse(runs);
  EXPECT_EQ(forwards.size(), 10U);
  EXPECT_EQ(questions(run_of(runs)), forwards);
}

double active_of(std::string_view name) {
  const auto size = find_model_size(name);
  return size ? size->active : 0;
}

TEST(Flops, M42_variants_resolve_to_their_own_size_and_nothing_is_guessed) {
  EXPECT_EQ(active_of("meta-llama/Llama-3.1-8B-Instruct"), 8.03);
  EXPECT_EQ(active_of("llama3.2:1b"), 1.24);
  EXPECT_EQ(active_of("deepseek-ai/DeepSeek-R1-Distill-Llama-8B"), 8.03);
  EXPECT_EQ(active_of("microsoft/Phi-4-mini-instruct"), 3.84);
  EXPECT_EQ(active_of("Qwen/Qwen2.5-7B-Instruct-AWQ"), 7.62);
  EXPECT_EQ(active_of("qwen2.5:7b-instruct-q4_K_M"), 7.62);
  EXPECT_EQ(active_of("Qwen/Qwen3-235B-A22B-Instruct-2507-FP8"), 22);
  EXPECT_FALSE(find_model_size(""));
  EXPECT_FALSE(find_model_size("llama"));
  EXPECT_FALSE(find_model_size("phi-4-reasoning-vision"));
}

TEST(Flops, M43_active_and_total_parameters_are_apart_and_flops_per_token_grow) {
  const auto moe = find_model_size("mistralai/Mixtral-8x7B-Instruct-v0.1").value();
  EXPECT_EQ(moe.active, 12.9);
  EXPECT_EQ(moe.total, 46.7);
  EXPECT_DOUBLE_EQ(flops_of(moe, 100, 50).parameters, 2 * 12.9e9 * 150);
  EXPECT_GT(flops_of(moe, 0, 2000).total() / 2000, flops_of(moe, 0, 1000).total() / 1000);
  EXPECT_DOUBLE_EQ(flops_of(moe, 1, 1).attention.value(), 4.0 * 32 * 4096 * 3);
}

TEST(Flops, of_a_task_are_those_of_its_calls) {
  const auto model = find_model_size("llama-3.1-8b").value();
  auto r = task(0);
  EXPECT_DOUBLE_EQ(flops_of(model, r)->total(), flops_of(model, 100, 20).total());
  r.spans[1].tokens.output.reset();
  EXPECT_FALSE(flops_of(model, r));
}

TEST(Flops, keys_are_written_as_names_are_normalised) {
  for (const auto& size : model_sizes()) EXPECT_EQ(normal_model_name(size.key), size.key);
}

}  // namespace
}  // namespace ipw::analysis
