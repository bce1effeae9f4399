// SPDX-License-Identifier: Apache-2.0
// Rows of the original, old and new: read by name, since the order of struct children differs between
// versions.
#include <fmt/format.h>

#include "ipw/records/dataset_row.h"
#include "ipw/records/record_json.h"

namespace ipw::records {
namespace {

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? std::string() : dump_json(value);
}

std::optional<double> number_of(const Json& value) {
  return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

std::optional<std::int64_t> count_of(const Json& value) {
  return value.is_number() ? std::optional(value.get<std::int64_t>()) : std::nullopt;
}

/// Statistics are kept where their mean is known.
std::optional<Stats> stats_of(const Json& value) {
  const auto avg = number_of(member(value, "avg"));
  if (!avg) return std::nullopt;
  return Stats{*avg, number_of(member(value, "max")).value_or(*avg),
               number_of(member(value, "median")).value_or(*avg),
               number_of(member(value, "min")).value_or(*avg)};
}

void add_energy(QueryRecord& r, const Json& joules, const char* domain, const char* scope) {
  const auto value = number_of(joules);
  if (!value) return;
  DomainEnergy e{domain, scope, value, 0, "counter", "last sample minus first", 1, {}, {}};
  e.reason = "uncertainty and coverage are not in files of the original";
  r.energy.push_back(std::move(e));
}

/// The SoC contains GPU and CPU, so it stands alone where the original chose it as the basis (its Apple
/// hosts).
void read_energy(QueryRecord& r, const Json& energy) {
  const bool soc = member(energy, "basis") == "soc" && member(energy, "soc_per_query_joules").is_number();
  if (soc) return add_energy(r, member(energy, "soc_per_query_joules"), "soc", "module");
  add_energy(r, member(energy, "per_query_joules"), "gpu", "accelerator");
  add_energy(r, member(energy, "cpu_per_query_joules"), "cpu", "package");
}

void read_latency(QueryRecord& r, const Json& latency) {
  r.latency.total_seconds = number_of(member(latency, "total_query_seconds")).value_or(0);
  r.latency.ttft_seconds = number_of(member(latency, "time_to_first_token_seconds"));
  r.latency.clock = "client";
}

/// Where the original knows no price it writes null, and in some of its versions 0 (M46).
void read_cost(QueryRecord& r, const Json& cost) {
  const auto total = number_of(member(cost, "total_cost_usd"));
  if (!total || *total == 0) return;
  r.cost.emplace();
  r.cost->input_usd = number_of(member(cost, "input_cost_usd")).value_or(0);
  r.cost->output_usd = number_of(member(cost, "output_cost_usd")).value_or(0);
  r.cost->total_usd = *total;
}

void read_phases(QueryRecord& r, const Json& phases) {
  const auto seconds = [&](const char* key) {
    const auto ms = number_of(member(phases, key));
    return ms ? std::optional(*ms / 1e3) : std::nullopt;
  };
  r.prefill = {number_of(member(phases, "prefill_energy_j")), seconds("prefill_duration_ms")};
  r.decode = {number_of(member(phases, "decode_energy_j")), seconds("decode_duration_ms")};
}

void read_gauges(QueryRecord& r, const Json& metrics) {
  const Json& power = member(metrics, "power_metrics");
  r.gpu_power_watts = stats_of(member(member(power, "gpu"), "per_query_watts"));
  r.cpu_power_watts = stats_of(member(member(power, "cpu"), "per_query_watts"));
  r.temperature_celsius = stats_of(member(metrics, "temperature_metrics"));
  r.cpu_memory_mb = stats_of(member(member(metrics, "memory_metrics"), "cpu_mb"));
  r.gpu_memory_mb = stats_of(member(member(metrics, "memory_metrics"), "gpu_mb"));
  const Json& gpu = member(member(metrics, "hardware_utilization"), "gpu");
  r.gpu_utilization_pct = number_of(member(gpu, "compute_utilization_pct"));
  r.gpu_memory_bandwidth_pct = number_of(member(gpu, "memory_bandwidth_utilization_pct"));
  if (const auto total = number_of(member(gpu, "memory_total_gb"))) r.gpu_memory_total_mb = *total * 1024;
}

/// `lm_correctness` is false there before anything was scored (S38), so false alone says nothing.
void read_evaluation(QueryRecord& r, const Json& metrics) {
  const Json& evaluation = member(metrics, "evaluation");
  const bool assumed = member(metrics, "lm_correctness") == true;
  if (!evaluation.is_object() && !assumed) return;
  Evaluation e;
  if (assumed) e.correct = true;
  if (member(evaluation, "is_correct").is_boolean()) e.correct = member(evaluation, "is_correct").get<bool>();
  e.metadata = text_of(member(evaluation, "metadata"));
  if (!e.correct) e.reason = "not scored by the original";
  r.evaluation = std::move(e);
}

}  // namespace

QueryRecord record_from_original_row(const Json& row, const std::string& model, std::int64_t index) {
  QueryRecord r;
  r.index = index;
  r.query_id = fmt::format("q{:04}", index);
  r.problem = text_of(member(row, "problem"));
  r.answer = text_of(member(row, "answer"));
  r.subject = text_of(member(row, "subject"));
  const Json& metadata = member(row, "dataset_metadata");
  r.dataset_metadata =
      metadata.is_string() ? dump_json(metadata_object(metadata.get<std::string>())) : text_of(metadata);
  const Json& metrics = member(member(row, "model_metrics"), model.c_str());
  r.response = text_of(member(member(row, "model_answers"), model.c_str()));
  if (r.response.empty()) r.response = text_of(member(metrics, "lm_response"));
  read_energy(r, member(metrics, "energy_metrics"));
  read_latency(r, member(metrics, "latency_metrics"));
  const Json& tokens = member(metrics, "token_metrics");
  r.tokens.input = count_of(member(tokens, "input"));
  r.tokens.output = count_of(member(tokens, "output"));
  if (r.tokens.input || r.tokens.output) r.tokens.source = "server";
  read_cost(r, member(metrics, "cost"));
  read_phases(r, member(metrics, "phase_metrics"));
  read_gauges(r, metrics);
  read_evaluation(r, metrics);
  return r;
}

}  // namespace ipw::records
