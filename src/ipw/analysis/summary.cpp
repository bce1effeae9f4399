// SPDX-License-Identifier: Apache-2.0
// The derived sections of summary.json.
#include <nlohmann/json.hpp>

#include "ipw/analysis/efficiency.h"
#include "ipw/analysis/format.h"
#include "ipw/analysis/samples.h"
#include "ipw/analysis/sections.h"
#include "ipw/analysis/task_statistics.h"

namespace ipw::analysis {
namespace {

using Value = std::optional<double>;

Value scaled(Value value, double factor) {
  return value ? Value(*value * factor) : std::nullopt;
}

/// Energy and power of a query in its headline scope.
Value joules_per_token(const QueryRow& r) {
  if (!r.joules || !r.output_tokens || *r.output_tokens == 0) return std::nullopt;
  return *r.joules / *r.output_tokens;
}

Value throughput_per_watt(const QueryRow& r) {
  const Value speed = r.tokens_per_second(), watts = r.watts();
  if (!speed || !watts || *watts == 0) return std::nullopt;
  return *speed / *watts;
}

struct MetricRow {
  const char* label;
  const char* unit;
  Value (*value)(const QueryRow&);
};

/// Labels and units are the original's; its readers look for them.
constexpr MetricRow kMetrics[] = {
    {"GPU Energy", "J", [](const QueryRow& r) { return r.gpu_joules; }},
    {"CPU Energy", "J", [](const QueryRow& r) { return r.cpu_joules; }},
    {"GPU Power", "W", [](const QueryRow& r) { return r.gpu_watts; }},
    {"Latency", "s", [](const QueryRow& r) { return r.seconds > 0 ? Value(r.seconds) : std::nullopt; }},
    {"TTFT", "ms", [](const QueryRow& r) { return scaled(r.ttft_seconds, 1000); }},
    {"Throughput", "tok/s", [](const QueryRow& r) { return r.tokens_per_second(); }},
    {"Input Tokens", "", [](const QueryRow& r) { return r.input_tokens; }},
    {"Output Tokens", "", [](const QueryRow& r) { return r.output_tokens; }},
    {"Energy/Token", "J", joules_per_token},
    {"ITL Median", "ms", [](const QueryRow& r) { return scaled(r.itl_median_seconds, 1000); }},
    {"Throughput/Watt", "", throughput_per_watt},
};

void put_figure(Json& json, const std::string& key, const Figure& figure) {
  if (!figure.value) return;
  json[key] = *figure.value;
  json[key + "_figure"] = to_json(figure);
}

}  // namespace

Json profile_metrics(const RunData& run) {
  Json rows = Json::array();
  for (const auto& metric : kMetrics) {
    const auto description = describe(run.rows, metric.value);
    if (!description) continue;
    const stats::Summary& s = description->summary;
    rows.push_back({{"label", metric.label},
                    {"avg", s.mean},
                    {"median", s.median},
                    {"min", s.min},
                    {"max", s.max},
                    {"std", s.stddev},
                    {"unit", metric.unit}});
  }
  return rows;
}

Json efficiency_section(const Efficiency& e) {
  Json json = Json::object();
  put_figure(json, "accuracy", e.accuracy);
  if (e.total_joules) json["total_energy_j"] = *e.total_joules;
  put_figure(json, "avg_energy_j", e.joules_per_query);
  put_figure(json, "avg_power_w", e.watts);
  put_figure(json, "ipj", e.ipj);
  put_figure(json, "ipw", e.ipw);
  put_figure(json, "cost_per_correct_usd", e.cost_per_correct);
  return json;
}

Json statistics_section(const RunData& run, const Efficiency& e) {
  std::size_t counts[4] = {};
  for (const auto& row : run.rows) ++counts[static_cast<std::size_t>(row.outcome)];
  Json json{{"queries", run.rows.size()}, {"correct", counts[0]},     {"incorrect", counts[1]},
            {"failed", counts[2]},        {"unevaluated", counts[3]}, {"truncated", run.truncated},
            {"unparsed", run.unparsed}};
  json["energy_samples"] = e.joules_per_query.n;
  json["energy_missing"] = run.no_energy;
  json["failures"] = run.failures;
  json["implausible_values"] = run.implausible;
  Json figures = Json::object();
  for (const auto& figure : all_figures(e)) figures[figure.label] = to_json(figure);
  json["figures"] = figures;
  if (const auto samples = samples_of(run)) json["samples"] = samples_json(*samples);
  return json;
}

Json sections(const RunData& run, const Precision& precision) {
  const Efficiency e = efficiency_of(run, precision);
  Json json{{"profile_metrics", profile_metrics(run)},
            {"efficiency", efficiency_section(e)},
            {"statistics", statistics_section(run, e)}};
  if (!has_tasks(run)) return json;
  json["statistics"].update(task_statistics(run));
  json.update(task_sections(run, precision));
  return json;
}

Json summary_sections(const std::filesystem::path& folder, const std::string& model, const Params& options) {
  return sections(read_run(folder, model), precision_from(options));
}

}  // namespace ipw::analysis
