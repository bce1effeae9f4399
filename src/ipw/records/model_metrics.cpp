// SPDX-License-Identifier: Apache-2.0
// The original's ModelMetrics, computed from a record (docs/reference/run-folder.md says which domain stands
// where).
#include <algorithm>
#include <cmath>
#include <numeric>

#include "ipw/records/dataset_row.h"
#include "ipw/records/record_json.h"

namespace ipw::records {
namespace {

constexpr auto kText = RowType::String;
constexpr auto kNumber = RowType::Double;
constexpr auto kInteger = RowType::Int64;
using Number = std::optional<double>;

Number ratio(Number numerator, Number denominator) {
  if (!numerator || !denominator || *denominator <= 0) return std::nullopt;
  return *numerator / *denominator;
}

Number times(Number value, double factor) {
  return value ? Number(*value * factor) : value;
}

Number to_number(std::optional<std::int64_t> count) {
  return count ? Number(static_cast<double>(*count)) : std::nullopt;
}

Json nullable(Number value) {
  return value && std::isfinite(*value) ? Json(*value) : Json();
}

/// Linear interpolation at p(n-1) on sorted values (type 7 of Hyndman and Fan 1996).
double quantile(const std::vector<double>& sorted, double p) {
  const double k = p * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(k);
  const auto high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (k - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

/// Sample standard deviation; 0 for one value, as in the original's files.
double deviation(const std::vector<double>& values) {
  if (values.size() < 2) return 0;
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double v : values) squares += (v - mean) * (v - mean);
  return std::sqrt(squares / (n - 1));
}

/// What one query used, on the one basis of all derived figures.
struct Basis {
  std::string name;  ///< "gpu", "soc", "cpu", or the scope itself
  Number joules;
  Number watts;  ///< energy over latency (law 6); the mean of the gauge where there is no energy
};

Basis basis_of(const QueryRecord& r) {
  const auto headline = headline_energy(r.energy);
  const bool gpu = headline.scope == "accelerator" || (headline.scope.empty() && r.gpu_power_watts);
  Basis b{gpu                           ? "gpu"
          : headline.scope == "module"  ? "soc"
          : headline.scope == "package" ? "cpu"
                                        : headline.scope,
          headline.joules,
          {}};
  b.watts = ratio(b.joules, r.latency.total_seconds);
  if (!b.watts && b.name == "gpu" && r.gpu_power_watts) b.watts = r.gpu_power_watts->avg;
  if (!b.watts && b.name == "cpu" && r.cpu_power_watts) b.watts = r.cpu_power_watts->avg;
  return b;
}

/// Package counters; where there are none, the modelled CPU (its method stands in the column `energy`).
Number cpu_joules(const QueryRecord& r) {
  std::vector<DomainEnergy> modelled;
  for (const auto& e : r.energy) {
    if (e.scope == "package") return scope_energy(r.energy, "package").joules;
    if (e.method == "modelled" && e.domain.find("cpu") != std::string::npos) modelled.push_back(e);
  }
  return modelled.empty() ? std::nullopt : scope_energy(modelled, modelled[0].scope).joules;
}

std::optional<std::int64_t> total_tokens(const QueryRecord& r) {
  if (!r.tokens.input || !r.tokens.output) return std::nullopt;
  return *r.tokens.input + *r.tokens.output;
}

Json energy_metrics(const QueryRecord& r, const Basis& basis) {
  const auto gpu = nullable(scope_energy(r.energy, "accelerator").joules);
  const auto cpu = nullable(cpu_joules(r));
  const auto soc = nullable(scope_energy(r.energy, "module").joules);
  return {{"per_query_joules", gpu},
          {"total_joules", gpu},
          {"cpu_per_query_joules", cpu},
          {"cpu_total_joules", cpu},
          {"soc_per_query_joules", soc},
          {"soc_total_joules", soc},
          {"energy_per_output_token_joules", nullable(ratio(basis.joules, to_number(r.tokens.output)))},
          {"energy_per_total_token_joules", nullable(ratio(basis.joules, to_number(total_tokens(r))))},
          {"basis", basis.name.empty() ? Json() : Json(basis.name)}};
}

Json latency_metrics(const QueryRecord& r) {
  const Number seconds = r.latency.total_seconds;
  const auto output = to_number(r.tokens.output);
  Json json = {{"per_token_ms", nullable(times(ratio(seconds, output), 1e3))},
               {"throughput_tokens_per_sec", nullable(ratio(output, seconds))},
               {"time_to_first_token_seconds", nullable(r.latency.ttft_seconds)},
               {"total_query_seconds", nullable(seconds)}};
  if (r.latency.itl_seconds.empty()) return json;
  auto sorted = r.latency.itl_seconds;
  std::ranges::sort(sorted);
  json["median_itl_ms"] = quantile(sorted, 0.5) * 1e3;
  json["p90_itl_ms"] = quantile(sorted, 0.9) * 1e3;
  json["p95_itl_ms"] = quantile(sorted, 0.95) * 1e3;
  json["p99_itl_ms"] = quantile(sorted, 0.99) * 1e3;
  json["itl_std_ms"] = deviation(sorted) * 1e3;
  return json;
}

Json stats_or_null(const std::optional<Stats>& s) {
  if (!s) return {{"avg", nullptr}, {"max", nullptr}, {"median", nullptr}, {"min", nullptr}};
  return {{"avg", nullable(s->avg)},
          {"max", nullable(s->max)},
          {"median", nullable(s->median)},
          {"min", nullable(s->min)}};
}

Json power_metrics(const QueryRecord& r, const Basis& basis) {
  const auto component = [](const std::optional<Stats>& s) {
    return Json{{"per_query_watts", stats_or_null(s)}, {"total_watts", stats_or_null(s)}};
  };
  return {{"gpu", component(r.gpu_power_watts)},
          {"cpu", component(r.cpu_power_watts)},
          {"ane", component(std::nullopt)},
          {"soc", component(std::nullopt)},
          {"basis", basis.name.empty() ? Json() : Json(basis.name)}};
}

Json phase_metrics(const QueryRecord& r) {
  return {{"prefill_energy_j", nullable(r.prefill.joules)},
          {"decode_energy_j", nullable(r.decode.joules)},
          {"prefill_duration_ms", nullable(times(r.prefill.seconds, 1e3))},
          {"decode_duration_ms", nullable(times(r.decode.seconds, 1e3))},
          {"prefill_power_avg_w", nullable(ratio(r.prefill.joules, r.prefill.seconds))},
          {"decode_power_avg_w", nullable(ratio(r.decode.joules, r.decode.seconds))},
          {"prefill_energy_per_input_token_j", nullable(ratio(r.prefill.joules, to_number(r.tokens.input)))},
          {"decode_energy_per_output_token_j", nullable(ratio(r.decode.joules, to_number(r.tokens.output)))}};
}

Json hardware_utilization(const QueryRecord& r) {
  Json used;
  if (r.gpu_memory_mb) used = nullable(r.gpu_memory_mb->max / 1024);
  Json gpu = {{"compute_utilization_pct", nullable(r.gpu_utilization_pct)},
              {"memory_bandwidth_utilization_pct", nullable(r.gpu_memory_bandwidth_pct)},
              {"memory_used_gb", std::move(used)},
              {"memory_total_gb", nullable(times(r.gpu_memory_total_mb, 1.0 / 1024))}};
  return {{"gpu", std::move(gpu)}, {"derived", Json::object()}};
}

Json gpu_info(const MachineInfo& m) {
  if (!m.gpu_name) return nullptr;
  return {{"name", *m.gpu_name},
          {"vendor", m.gpu_vendor ? Json(*m.gpu_vendor) : Json()},
          {"device_id", 0},
          {"device_type", "GPU"},
          {"backend", m.gpu_backend ? Json(*m.gpu_backend) : Json()}};
}

Json system_info(const MachineInfo& m) {
  return {{"os_name", m.os_name},     {"os_version", m.os_version}, {"kernel_version", m.kernel_version},
          {"host_name", m.host_name}, {"cpu_count", m.cpu_count},   {"cpu_brand", m.cpu_brand}};
}

Json evaluation(const std::optional<Evaluation>& e) {
  if (!e) return nullptr;
  return {{"is_correct", e->correct ? Json(*e->correct) : Json()},
          {"metadata", e->metadata.empty() ? "{}" : e->metadata}};
}

Json cost(const std::optional<Cost>& c) {
  if (!c) return Json::object();
  return {{"input_cost_usd", c->input_usd + c->cached_usd},
          {"output_cost_usd", c->output_usd + c->reasoning_usd},
          {"total_cost_usd", c->total_usd}};
}

Column power_column(std::string name) {
  return structure(std::move(name), {stats_column("per_query_watts"), stats_column("total_watts")});
}

Column energy_column() {
  auto column =
      leaves("energy_metrics", kNumber,
             {"per_query_joules", "total_joules", "cpu_per_query_joules", "cpu_total_joules",
              "judge_gpu_joules", "judge_cpu_joules", "total_task_gpu_joules", "total_task_cpu_joules",
              "ane_per_query_joules", "ane_total_joules", "soc_per_query_joules", "soc_total_joules",
              "energy_per_output_token_joules", "energy_per_total_token_joules"});
  column.children.push_back(leaf("basis", kText));
  return column;
}

Column compute_column() {
  auto column =
      leaves("compute_metrics", kNumber, {"flops_per_request", "macs_per_request", "flops_per_token"});
  column.children.insert(column.children.begin() + 2, leaf("total_flops", kInteger));
  return column;
}

Column phase_column() {
  auto column = leaves("phase_metrics", kNumber,
                       {"prefill_energy_j", "decode_energy_j", "prefill_duration_ms", "decode_duration_ms",
                        "prefill_power_avg_w", "decode_power_avg_w", "prefill_energy_per_input_token_j",
                        "decode_energy_per_output_token_j"});
  column.children.push_back(leaf("prefill_energy_components_j", RowType::Null));
  column.children.push_back(leaf("decode_energy_components_j", RowType::Null));
  return column;
}

Column utilization_column() {
  return structure("hardware_utilization",
                   {leaves("gpu", kNumber,
                           {"compute_utilization_pct", "memory_bandwidth_utilization_pct",
                            "tensor_core_utilization_pct", "memory_used_gb", "memory_total_gb"}),
                    leaves("derived", kNumber, {"mfu", "mbu", "arithmetic_intensity"})});
}

Column gpu_info_column() {
  return structure("gpu_info", {leaf("name", kText), leaf("vendor", kText), leaf("device_id", kInteger),
                                leaf("device_type", kText), leaf("backend", kText)});
}

Column system_info_column() {
  return structure("system_info",
                   {leaf("os_name", kText), leaf("os_version", kText), leaf("kernel_version", kText),
                    leaf("host_name", kText), leaf("cpu_count", kInteger), leaf("cpu_brand", kText)});
}

}  // namespace

Column model_metrics_column(const std::string& model) {
  return structure(
      model,
      {compute_column(), energy_column(),
       leaves(
           "latency_metrics", kNumber,
           {"per_token_ms", "throughput_tokens_per_sec", "time_to_first_token_seconds", "total_query_seconds",
            "median_itl_ms", "p90_itl_ms", "p95_itl_ms", "p99_itl_ms", "itl_std_ms"}),
       structure("memory_metrics", {stats_column("cpu_mb"), stats_column("gpu_mb")}),
       structure("power_metrics", {power_column("gpu"), power_column("cpu"), power_column("ane"),
                                   power_column("soc"), leaf("basis", kText)}),
       stats_column("temperature_metrics"), leaves("token_metrics", kInteger, {"input", "output", "total"}),
       phase_column(), utilization_column(),
       leaves("efficiency", kNumber, {"throughput_per_watt", "flops_per_joule", "flops_per_watt"}),
       leaves("cost", kNumber, {"input_cost_usd", "output_cost_usd", "tool_cost_usd", "total_cost_usd"}),
       gpu_info_column(), system_info_column(), leaf("lm_correctness", RowType::Bool),
       leaf("lm_response", kText),
       structure("evaluation", {leaf("is_correct", RowType::Bool), leaf("metadata", kText),
                                leaf("config", RowType::Null)})});
}

Json model_metrics(const QueryRecord& r, const MachineInfo& machine) {
  const Basis basis = basis_of(r);
  const Number throughput = ratio(to_number(r.tokens.output), r.latency.total_seconds);
  Json tokens = Json::object();
  put(tokens, "input", r.tokens.input);
  put(tokens, "output", r.tokens.output);
  put(tokens, "total", total_tokens(r));
  return {{"compute_metrics", Json::object()},
          {"energy_metrics", energy_metrics(r, basis)},
          {"latency_metrics", latency_metrics(r)},
          {"memory_metrics",
           {{"cpu_mb", stats_or_null(r.cpu_memory_mb)}, {"gpu_mb", stats_or_null(r.gpu_memory_mb)}}},
          {"power_metrics", power_metrics(r, basis)},
          {"temperature_metrics", stats_or_null(r.temperature_celsius)},
          {"token_metrics", std::move(tokens)},
          {"phase_metrics", phase_metrics(r)},
          {"hardware_utilization", hardware_utilization(r)},
          {"efficiency", {{"throughput_per_watt", nullable(ratio(throughput, basis.watts))}}},
          {"cost", cost(r.cost)},
          {"gpu_info", gpu_info(machine)},
          {"system_info", system_info(machine)},
          {"lm_correctness", r.evaluation && r.evaluation->correct ? Json(*r.evaluation->correct) : Json()},
          {"lm_response", r.response},
          {"evaluation", evaluation(r.evaluation)}};
}

}  // namespace ipw::records
