// SPDX-License-Identifier: Apache-2.0
// traces.jsonl: the tasks of agents in the original's form, with our spans behind. A turn is a call of a
// model and the tools that it asked for.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/http/host.h"
#include "ipw/records/record_json.h"
#include "ipw/records/run_folder.h"
#include "ipw/records/task_exports.h"

namespace ipw::records {
namespace {

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json joules_of(const std::vector<DomainEnergy>& energies, const char* scope) {
  return or_null(scope_energy(energies, scope).joules);
}

Json watts_of(const std::vector<DomainEnergy>& energies, const char* scope, double seconds) {
  const auto joules = scope_energy(energies, scope).joules;
  return joules && seconds > 0 ? Json(*joules / seconds) : Json(nullptr);
}

/// A tool that is called again in a turn has its number behind its name.
Json latencies_of(const Turn& turn) {
  Json out = Json::object();
  for (const auto* tool : turn.tools) {
    std::string key = tool->name;
    for (int k = 2; out.contains(key); ++k) key = fmt::format("{}#{}", tool->name, k);
    out[key] = tool->end_seconds - tool->begin_seconds;
  }
  return out;
}

bool overlap(const std::vector<const Span*>& tools) {
  for (std::size_t i = 1; i < tools.size(); ++i)
    if (tools[i]->begin_seconds < tools[i - 1]->end_seconds) return true;
  return false;
}

/// With that of the models that its tools asked, as far as it is known.
Json cost_of(const Turn& turn) {
  if (!turn.model->cost) return nullptr;
  double usd = turn.model->cost->total_usd;
  for (const auto* model : turn.sub_models)
    if (model->cost) usd += model->cost->total_usd;
  return usd;
}

Json turn_json(const Turn& turn, std::size_t index, bool shared) {
  auto energies = turn.model->energy;
  double end = turn.model->end_seconds, own = turn.model->own_seconds;
  Json names = Json::array();
  const auto take = [&](const Span& span) {
    add_energies(energies, own, span.energy, span.own_seconds);
    own += span.own_seconds;
    end = std::max(end, span.end_seconds);
  };
  for (const auto* tool : turn.tools) {
    take(*tool);
    names.push_back(tool->name);
  }
  for (const auto* model : turn.sub_models) take(*model);
  const double seconds = end - turn.model->begin_seconds;
  const auto& tokens = turn.model->tokens;
  return {{"turn_index", index},
          {"input_tokens", or_null(tokens.input)},
          {"output_tokens", or_null(tokens.output)},
          {"tool_result_tokens", nullptr},
          {"tools_called", std::move(names)},
          {"tool_latencies_s", latencies_of(turn)},
          {"wall_clock_s", seconds},
          {"error", turn.model->failure ? Json(turn.model->failure->message) : Json(nullptr)},
          {"gpu_energy_joules", joules_of(energies, "accelerator")},
          {"cpu_energy_joules", joules_of(energies, "package")},
          {"gpu_power_avg_watts", watts_of(energies, "accelerator", own)},
          {"cpu_power_avg_watts", watts_of(energies, "package", own)},
          {"cost_usd", cost_of(turn)},
          {"dram_energy_joules", joules_of(energies, "dram")},
          {"peak_watts", nullptr},
          {"reasoning_tokens", or_null(tokens.reasoning)},
          {"cached_tokens", or_null(tokens.cached)},
          {"has_parallel_tools", overlap(turn.tools)},
          {"shared_device_warning", shared}};
}

/// Nobody judges while a task runs: what a judge has used stands in the summary.
Json energies_json(const QueryRecord& r) {
  const double seconds = r.latency.total_seconds;
  const Json gpu = joules_of(r.energy, "accelerator"), cpu = joules_of(r.energy, "package");
  const Json gpu_watts = watts_of(r.energy, "accelerator", seconds),
             cpu_watts = watts_of(r.energy, "package", seconds);
  return {{"query_gpu_energy_joules", gpu},         {"query_cpu_energy_joules", cpu},
          {"query_gpu_power_avg_watts", gpu_watts}, {"query_cpu_power_avg_watts", cpu_watts},
          {"judge_gpu_energy_joules", nullptr},     {"judge_cpu_energy_joules", nullptr},
          {"judge_gpu_power_avg_watts", nullptr},   {"judge_cpu_power_avg_watts", nullptr},
          {"judge_wall_clock_s", nullptr},          {"total_task_gpu_energy_joules", gpu},
          {"total_task_cpu_energy_joules", cpu},    {"total_gpu_energy_joules", gpu},
          {"total_cpu_energy_joules", cpu},         {"avg_gpu_power_watts", gpu_watts},
          {"avg_cpu_power_watts", cpu_watts}};
}

}  // namespace

bool lm_energy_measurable(const Json& config) {
  const Json& url = member(config, "client_base_url");
  return !url.is_string() || !http::is_public(http::host_port(url.get_ref<const std::string&>()).host);
}

Json trace_json(const QueryRecord& r, bool measurable) {
  const auto turns = turns_of(r.spans);
  const double seconds = r.latency.total_seconds;
  const auto tools = std::ranges::count(r.spans, "tool", &Span::kind);
  const auto gpu = scope_energy(r.energy, "accelerator").joules;
  const auto output = r.tokens.output;
  const bool whole = r.tokens.source != "incomplete";  // else joules of all calls over tokens of some
  Json turns_json = Json::array();
  for (std::size_t i = 0; i < turns.size(); ++i)
    turns_json.push_back(turn_json(turns[i], i, r.shared_device));
  Json total = r.tokens.input && output ? Json(*r.tokens.input + *output) : Json(nullptr);
  const auto& e = r.evaluation;
  const auto score_metadata =
      e && !e->metadata.empty() ? parse_json(e->metadata).value_or(Json::object()) : Json::object();
  Json out = {{"query_id", fmt::format("q{:04}", r.index)},
              {"workload_type", r.subject},
              {"query_text", r.problem},
              {"response_text", r.response},
              {"turns", std::move(turns_json)},
              {"num_turns", turns.size()},
              {"total_input_tokens", or_null(r.tokens.input)},
              {"total_output_tokens", or_null(output)},
              {"total_tokens", std::move(total)},
              {"tool_call_count", tools},
              {"total_tool_calls", tools},
              {"total_wall_clock_s", seconds},
              {"completed", !r.failure},
              {"timed_out", r.failure && r.failure->kind == "timeout"}};
  out.update(energies_json(r));
  out.update(
      {{"query_mbu_avg_pct", nullptr},
       {"query_mbu_max_pct", nullptr},
       {"throughput_tokens_per_sec",
        whole && output && seconds > 0 ? Json(static_cast<double>(*output) / seconds) : Json(nullptr)},
       {"energy_per_output_token_joules",
        whole && gpu && output && *output > 0 ? Json(*gpu / static_cast<double>(*output)) : Json(nullptr)},
       {"total_cost_usd", r.cost ? Json(r.cost->total_usd) : Json(nullptr)},
       {"is_resolved", e ? or_null(e->correct) : Json(nullptr)},
       {"unscorable_reason", e && !e->correct && !e->reason.empty() ? Json(e->reason) : Json(nullptr)},
       {"score_metadata", score_metadata},
       {"lm_energy_measurable", measurable},
       {"shared_device_warning", r.shared_device},
       {"accuracy_score", e ? or_null(e->score) : Json(nullptr)},
       {"accuracy_metadata", Json::object()},
       {"n_retries", r.attempts - 1},
       {"instance_id", r.query_id},
       {"failure", r.failure ? Json(r.failure->kind + ": " + r.failure->message) : Json(nullptr)},
       {"spans", to_json(r)["spans"]}});
  return out;
}

std::size_t write_traces(const std::filesystem::path& folder) {
  const bool measurable = lm_energy_measurable(read_config(folder));
  return write_task_lines(folder, "traces.jsonl",
                          [&](const QueryRecord& record) { return trace_json(record, measurable); });
}

}  // namespace ipw::records
