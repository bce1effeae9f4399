// SPDX-License-Identifier: Apache-2.0
#include "ipw/analysis/bench_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "ipw/analysis/actions.h"
#include "ipw/analysis/flops.h"
#include "ipw/analysis/format.h"
#include "ipw/analysis/peak_flops.h"
#include "ipw/analysis/run.h"
#include "ipw/base/files.h"
#include "ipw/records/run_folder.h"

namespace ipw::analysis {
namespace {

namespace fs = std::filesystem;

Json ratio(const Json& a, const Json& b) {
  return a.is_number() && b.is_number() && b.get<double>() > 0 ? Json(a.get<double>() / b.get<double>())
                                                               : Json(nullptr);
}

/// A gauge that one device alone has; of several no common maximum is known.
Json only_gauge(const Json& card, std::string_view gauge, std::string_view domain_begin, const char* which) {
  Json out;
  std::size_t devices = 0;
  const Json& gauges = member(card, "gauges");
  for (const auto& g : gauges)
    if (g.value("gauge", "") == gauge && g.value("domain", "").starts_with(domain_begin)) {
      out = member(g, which);
      ++devices;
    }
  return devices == 1 ? out : Json(nullptr);
}

/// What one pass over the queries gives.
struct Counts {
  std::int64_t turns = 0, tools = 0, input = 0, output = 0;
  std::size_t queries = 0, completed = 0;
  bool tokens_known = true;
  std::set<std::string> tool_names;
  struct Model {
    std::size_t calls = 0, without_energy = 0, with_cost = 0;
    double seconds = 0, joules = 0, cost_usd = 0;
    std::int64_t tokens = 0;
    bool tokens_known = true;
  };
  std::map<std::string, Model> models;
  double flops = 0, flops_attention = 0;
  std::size_t with_flops = 0;
};

void count_model(Counts::Model& model, const records::Span& span) {
  ++model.calls;
  model.seconds += span.own_seconds;
  const auto joules = records::headline_energy(span.energy).joules;
  model.joules += joules.value_or(0);
  model.without_energy += joules ? 0 : 1;
  model.tokens += span.tokens.input.value_or(0) + span.tokens.output.value_or(0);
  model.tokens_known = model.tokens_known && span.tokens.input && span.tokens.output;
  if (!span.cost) return;
  model.cost_usd += span.cost->total_usd;
  ++model.with_cost;
}

void count_query(Counts& c, const records::QueryRecord& r) {
  ++c.queries;
  c.completed += r.failure ? 0 : 1;
  c.tokens_known = c.tokens_known && r.tokens.input && r.tokens.output && r.tokens.source != "incomplete";
  c.input += r.tokens.input.value_or(0);
  c.output += r.tokens.output.value_or(0);
  for (const auto& span : r.spans) {
    if (span.kind == "tool") {
      ++c.tools;
      if (c.tool_names.size() < kMostReasons) c.tool_names.insert(span.name);
    }
    if (!records::is_model(span)) continue;
    c.turns += span.kind == "model" ? 1 : 0;
    const bool known = c.models.contains(span.name) || c.models.size() < kMostReasons;
    count_model(c.models[known ? span.name : "other models"], span);
  }
}

void count_flops(Counts& c, const ipw::Result<ModelSize, std::string>& size, const records::QueryRecord& r) {
  if (!size) return;
  const auto flops = flops_of(*size, r);
  if (!flops) return;
  c.flops += flops->total();
  c.flops_attention += flops->attention.value_or(0);
  ++c.with_flops;
}

Json flops_json(const Counts& c, const ipw::Result<ModelSize, std::string>& size) {
  if (!size) return {{"total_flops", nullptr}, {"reason", size.error()}};
  const auto n = static_cast<double>(c.with_flops);
  const double tokens = static_cast<double>(c.input) + static_cast<double>(c.output);
  return {
      {"total_flops", c.with_flops > 0 ? Json(c.flops) : Json(nullptr)},
      {"flops_per_query", c.with_flops > 0 ? Json(c.flops / n) : Json(nullptr)},
      {"flops_per_token", c.with_flops == c.queries && tokens > 0 ? Json(c.flops / tokens) : Json(nullptr)},
      {"attention_flops", size->layers > 0 && c.with_flops > 0 ? Json(c.flops_attention) : Json(nullptr)},
      {"queries", c.with_flops},
      {"of", c.queries},
      {"model", size->key},
      {"active_parameters", size->active * 1e9},
      {"total_parameters", size->total * 1e9},
      {"method", "2 x active parameters x tokens, and attention over the context where its shape is known"}};
}

/// Per model, as the original names it.
void add_models(Json& analysis, const std::map<std::string, Counts::Model>& models) {
  for (const auto& [name, m] : models) {
    analysis["model_counts"][name] = m.calls;
    analysis["energy_by_model"][name] = m.without_energy < m.calls ? Json(m.joules) : Json(nullptr);
    analysis["latency_by_model"][name] = m.seconds;
    analysis["tokens_by_model"][name] = m.tokens_known ? Json(m.tokens) : Json(nullptr);
    analysis["cost_by_model"][name] = m.with_cost > 0 ? Json(m.cost_usd) : Json(nullptr);
  }
}

/// Joules of all actions in one scope; null where it was not measured.
Json joules_of(const Actions& actions, const std::string& scope) {
  const auto it = actions.by_scope.find(scope);
  if (it == actions.by_scope.end()) return nullptr;
  double sum = 0;
  for (const auto& [action, joules] : it->second) sum += joules;
  return sum;
}

Json energy_analysis(const Actions& actions, const Counts& counts) {
  Json out;
  double joules = 0;
  for (const auto& cost : actions.costs) joules += cost.joules;
  const bool any = !actions.scope.empty();
  out["scope"] = actions.scope;
  out["total_gpu_energy_joules"] = joules_of(actions, "accelerator");
  out["total_cpu_energy_joules"] = joules_of(actions, "package");
  out["total_energy_joules"] = any ? Json(joules) : Json(nullptr);
  out["total_duration_ms"] = actions.seconds * 1000;
  out["avg_power_watts"] = any && actions.seconds > 0 ? Json(joules / actions.seconds) : Json(nullptr);
  out["avg_memory_bandwidth_gbps"] = nullptr;
  for (const auto& cost : actions.costs) {
    out["action_counts"][cost.action] = cost.count;
    out["energy_by_action"][cost.action] =
        cost.without_energy < cost.count ? Json(cost.joules) : Json(nullptr);
  }
  if (actions.rest.idle_joules) out["energy_by_action"]["idle"] = *actions.rest.idle_joules;
  add_models(out, counts.models);
  return out;
}

bool is_watched(const Json& card, std::string_view scope) {
  return std::ranges::any_of(member(card, "domains"),
                             [&](const Json& domain) { return text_at(domain, "scope") == scope; });
}

/// Of both, or of the one that is there; unknown where one is that was watched.
Json sum_of(const Json& gpu, bool gpu_lost, const Json& cpu, bool cpu_lost) {
  if (gpu_lost || cpu_lost || (gpu.is_null() && cpu.is_null())) return nullptr;
  return (gpu.is_null() ? 0 : gpu.get<double>()) + (cpu.is_null() ? 0 : cpu.get<double>());
}

Json head(const Json& summary, const Counts& c, const Json& metadata) {
  const Json card = member(summary, "telemetry"), system = member(summary, "system_info");
  const Json gpu = to_json(device_joules(card, "accelerator")), cpu = to_json(device_joules(card, "package"));
  const Json& seconds = member(member(summary, "totals"), "wall_clock_s");
  return {{"queries", c.queries},
          {"completed", c.completed},
          {"total_turns", c.turns},
          {"duration_seconds", seconds},
          {"gpu_energy_joules", gpu},
          {"cpu_energy_joules", cpu},
          {"total_energy_joules", sum_of(gpu, gpu.is_null() && is_watched(card, "accelerator"), cpu,
                                         cpu.is_null() && is_watched(card, "package"))},
          {"avg_gpu_power_watts", ratio(gpu, seconds)},
          {"max_gpu_power_watts", only_gauge(card, "power_watts", "gpu", "max")},
          {"avg_cpu_power_watts", ratio(cpu, seconds)},
          {"avg_mbu_pct", only_gauge(card, "gpu_memory_bandwidth_pct", "gpu", "avg")},
          {"max_mbu_pct", only_gauge(card, "gpu_memory_bandwidth_pct", "gpu", "max")},
          {"telemetry_samples", member(member(card, "sampler"), "ticks")},
          {"gpu_count", member(card, "gpu_count")},
          {"cpu_count", member(system, "cpu_count")},
          {"hardware_stack", member(summary, "hardware_label")},
          {"verdict", member(summary, "verdict")},
          {"totals", member(summary, "totals")},
          {"efficiency", member(summary, "efficiency")},
          {"averages", member(summary, "averages")},
          {"per_unit", member(summary, "per_unit")},
          {"statistics", member(summary, "statistics")},
          {"normalized_statistics", member(summary, "normalized_statistics")},
          {"normalized_efficiency", member(summary, "normalized_efficiency")},
          {"cost", member(summary, "cost")},
          {"run_metadata", metadata}};
}

Json action_json(const Action& a, std::size_t step) {
  const auto or_null = [](const auto& value) { return value ? Json(*value) : Json(nullptr); };
  Json total = sum_of(or_null(a.gpu_joules), a.gpu_lost, or_null(a.cpu_joules), a.cpu_lost);
  Json watts = ratio(total, a.own_seconds);
  return {{"query_id", a.query_id},
          {"step_number", step},
          {"action_type", a.action},
          {"span", a.span},
          {"parent", or_null(a.parent)},
          {"gpu_energy_joules", or_null(a.gpu_joules)},
          {"cpu_energy_joules", or_null(a.cpu_joules)},
          {"total_energy_joules", std::move(total)},
          {"inclusive_gpu_energy_joules", or_null(a.inclusive_gpu_joules)},
          {"inclusive_cpu_energy_joules", or_null(a.inclusive_cpu_joules)},
          {"duration_ms", (a.end_seconds - a.begin_seconds) * 1000},
          {"own_duration_ms", a.own_seconds * 1000},
          {"avg_power_watts", std::move(watts)},
          {"memory_bandwidth_gbps", nullptr},  // no sensor that is read here tells bytes
          {"metadata",
           {{"start_timestamp", a.begin_seconds},
            {"end_timestamp", a.end_seconds},
            {"prompt_tokens", or_null(a.tokens.input)},
            {"completion_tokens", or_null(a.tokens.output)},
            {"cost_usd", or_null(a.cost_usd)},
            {"error", a.failure.empty() ? Json(nullptr) : Json(a.failure)}}}};
}

/// The object with one more key, an array that is written as the folder is read.
void write_with_actions(const fs::path& folder, const std::string& model, const Json& object) {
  const auto temporary = folder / ".results.json.tmp";
  fs::remove(temporary);
  {
    AppendFile file(temporary);
    auto text = pretty_json(object);
    text.erase(text.find_last_of('}'));
    while (text.ends_with('\n')) text.pop_back();
    file.append(text + ",\n  \"action_breakdown\": [");
    const auto reader = records::open_run(folder, model);
    const char* comma = "\n    ";
    std::size_t step = 0;
    for (records::QueryRecord record; reader->next(record); record = {})
      for (const auto& action : actions_of(record)) {
        file.append(comma + dump_json(action_json(action, ++step)));
        comma = ",\n    ";
      }
    file.append("\n  ]\n}\n");
    file.sync();
  }
  fs::rename(temporary, folder / "results.json");
}

void add_per_action(Json& out, const Actions& actions, const Counts& c) {
  out["turns"] = c.turns;
  out["tools_used"] = c.tool_names;
  out["tools_used_count"] = c.tools;
  out["total_prompt_tokens"] = c.tokens_known ? Json(c.input) : Json(nullptr);
  out["total_completion_tokens"] = c.tokens_known ? Json(c.output) : Json(nullptr);
  out["total_tokens"] = c.tokens_known ? Json(c.input + c.output) : Json(nullptr);
  out["energy_analysis"] = energy_analysis(actions, c);
}

/// Operations of the calls of a line of traces.jsonl.
Json trace_flops(const ModelSize& size, const Json& trace) {
  double parameters = 0, attention = 0;
  const Json& spans = member(trace, "spans");
  for (const auto& span : spans) {
    if (span.value("kind", "") != "model") continue;
    const Json tokens = member(span, "tokens"), input = member(tokens, "input"),
               output = member(tokens, "output");
    if (!input.is_number_integer() || !output.is_number_integer()) return nullptr;
    const auto one = flops_of(size, input.get<std::int64_t>(), output.get<std::int64_t>());
    parameters += one.parameters;
    attention += one.attention.value_or(0);
  }
  return {{"total", parameters + attention},
          {"parameters", parameters},
          {"attention", size.layers > 0 ? Json(attention) : Json(nullptr)}};
}

/// The share of the accelerators' peak, of each trace and of all: into the traces and the summary's `flops`.
class Utilisation {
 public:
  Utilisation(const ModelSize& size, const Json& summary) : size_(size), peak_(peak_of(summary)) {}
  Json add(const Json& trace) {
    const auto use = peak_ ? use_of(size_, trace) : std::nullopt;
    if (!use) return nullptr;
    whole_ += *use;
    return use->mfu(*peak_);
  }
  void tell(Json& flops) const {
    const bool known = peak_ && whole_.seconds > 0;
    flops["mfu"] = known ? Json(whole_.mfu(*peak_)) : Json(nullptr);
    flops["peak_tflops"] = peak_ ? Json(*peak_ / 1e12) : Json(nullptr);
    if (!peak_) flops["mfu_reason"] = peak_.error();
    if (peak_ && !known) flops["mfu_reason"] = "tasks shared the devices, or token counts are missing";
  }

 private:
  const ModelSize& size_;
  ipw::Result<double, std::string> peak_;
  ModelUse whole_;
};

void add_flops_to_traces(const fs::path& folder, const ModelSize& size, Utilisation& utilisation) {
  const auto whole = folder / "traces.jsonl", temporary = folder / ".traces.jsonl.tmp";
  if (!fs::exists(whole)) return;
  fs::remove(temporary);
  {
    std::ifstream in(whole);
    AppendFile out(temporary);
    for (std::string line; std::getline(in, line);) {
      auto trace = parse_json(line);
      if (!trace) continue;
      (*trace)["estimated_flops"] = trace_flops(size, *trace);
      (*trace)["mfu"] = utilisation.add(*trace);
      out.append(dump_json(*trace) + "\n");
    }
    out.sync();
  }
  fs::rename(temporary, whole);
}

}  // namespace

void write_bench_results(const fs::path& folder, const std::string& model, const Json& metadata,
                         const BenchChoice& choice) {
  const auto size = find_model_size(model);
  Counts counts;
  ActionCollector collector;
  const auto reader = records::open_run(folder, model);
  for (records::QueryRecord record; reader->next(record); record = {}) {
    count_query(counts, record);
    if (choice.flops) count_flops(counts, size, record);
    if (choice.per_action) collector.add(record);
  }
  auto summary = records::read_summary(folder);
  if (choice.flops) {
    summary["flops"] = flops_json(counts, size);
    if (size) {
      Utilisation utilisation(*size, summary);
      add_flops_to_traces(folder, *size, utilisation);
      utilisation.tell(summary["flops"]);
    }
    records::write_summary(folder, summary);
  }
  Json results = head(summary, counts, metadata);
  if (choice.flops) results["flops"] = summary["flops"];
  if (!choice.per_action) return write_file_atomic(folder / "results.json", pretty_json(results));
  add_per_action(results, std::move(collector).finish(summary), counts);
  write_with_actions(folder, model, results);
}

}  // namespace ipw::analysis
