// SPDX-License-Identifier: Apache-2.0
// trajectories/qNNNN.json: the Agent Trajectory Interchange Format of Harbor, version 1.7, one document for
// each task. Energy, times and what else the format has no place for stand under `extra`.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/base/files.h"
#include "ipw/base/hash.h"
#include "ipw/records/record_json.h"
#include "ipw/records/run_folder.h"
#include "ipw/records/task_exports.h"

namespace ipw::records {
namespace {

/// ISO 8601 in UTC, to the microsecond.
std::string timestamp(std::int64_t unix_ns) {
  const auto seconds = static_cast<std::time_t>(unix_ns / 1'000'000'000);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(seconds), unix_ns % 1'000'000'000 / 1000);
}

Json attributes_of(const Span& span) {
  return parse_json(span.attributes).value_or(Json::object());
}

Json energies_of(const std::vector<DomainEnergy>& energies) {
  Json out = Json::object();
  for (const auto& e : energies)
    if (e.joules) out[e.domain] = *e.joules;
  return out;
}

Json metrics_of(const Tokens& tokens, const std::optional<Cost>& cost, const std::string& prefix) {
  Json out = Json::object();
  put(out, (prefix + "prompt_tokens").c_str(), tokens.input);
  put(out, (prefix + "completion_tokens").c_str(), tokens.output);
  put(out, (prefix + "cached_tokens").c_str(), tokens.cached);
  if (cost) out[prefix + "cost_usd"] = cost->total_usd;
  return out;
}

/// A call that the agent's program ran for us to see.
Json call_json(const Span& tool) {
  Json arguments = member(attributes_of(tool), "arguments");
  if (!arguments.is_object()) arguments = {{"input", arguments}};
  return {{"tool_call_id", fmt::format("span_{}", tool.id)},
          {"function_name", tool.name},
          {"arguments", std::move(arguments)}};
}

Json result_json(const Span& tool) {
  const Json attributes = attributes_of(tool);
  const Json& result = member(attributes, "result");
  std::string content = result.is_string() ? result.get<std::string>() : std::string();
  if (tool.failure && content.empty()) content = tool.failure->message;
  return {{"source_call_id", fmt::format("span_{}", tool.id)}, {"content", std::move(content)}};
}

/// What the model asked for, where nobody told us of the tools themselves.
Json asked_for(const Json& calls) {
  Json out = Json::array();
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const Json& function = member(calls[i], "function");
    const Json& name = member(function, "name");
    const Json& text = member(function, "arguments");
    Json arguments = text.is_string() ? parse_json(text.get<std::string>()).value_or(Json(text)) : Json(text);
    if (!arguments.is_object()) arguments = {{"input", std::move(arguments)}};
    const Json& id = member(calls[i], "id");
    out.push_back({{"tool_call_id", id.is_string() ? Json(id) : Json(fmt::format("call_{}", i))},
                   {"function_name", name.is_string() ? Json(name) : Json("")},
                   {"arguments", std::move(arguments)}});
  }
  return out;
}

Json extra_of(const Span& span) {
  Json out = {{"energy_joules", energies_of(span.energy)},
              {"begin_seconds", span.begin_seconds},
              {"end_seconds", span.end_seconds},
              {"own_seconds", span.own_seconds}};
  put(out, "ttft_seconds", span.ttft_seconds);
  if (span.failure) out["failure"] = span.failure->kind + ": " + span.failure->message;
  return out;
}

Json sub_models_of(const Turn& turn) {
  Json out = Json::array();
  for (const auto* span : turn.sub_models) {
    out.push_back(extra_of(*span));
    out.back().update({{"model_name", span->name}, {"metrics", metrics_of(span->tokens, span->cost, "")}});
  }
  return out;
}

Json step_of(const Turn& turn, std::int64_t unix_ns, std::size_t id) {
  const Json attributes = attributes_of(*turn.model);
  const auto text = [&](const char* key) {
    const Json& value = member(attributes, key);
    return value.is_string() ? value.get<std::string>() : std::string();
  };
  Json step = {{"step_id", id},
               {"timestamp", timestamp(unix_ns)},
               {"source", "agent"},
               {"model_name", turn.model->name},
               {"message", text("content")},
               {"llm_call_count", 1},
               {"metrics", metrics_of(turn.model->tokens, turn.model->cost, "")},
               {"extra", extra_of(*turn.model)}};
  put(step, "reasoning_content", text("reasoning"));
  if (!turn.sub_models.empty()) step["extra"]["sub_models"] = sub_models_of(turn);
  const Json& asked = member(attributes, "tool_calls");
  if (!turn.tools.empty()) {
    Json extras = Json::object();
    for (const auto* tool : turn.tools) {
      step["tool_calls"].push_back(call_json(*tool));
      step["observation"]["results"].push_back(result_json(*tool));
      extras[fmt::format("span_{}", tool->id)] = extra_of(*tool);
    }
    step["extra"]["tools"] = std::move(extras);
  } else if (asked.is_array() && !asked.empty()) {
    step["tool_calls"] = asked_for(asked);
  }
  return step;
}

Json document(const QueryRecord& r, const std::string& session, const Json& config) {
  const auto begun = r.spans.empty() ? 0.0 : r.spans.front().begin_seconds;
  Json steps = Json::array();
  steps.push_back({{"step_id", 1},
                   {"timestamp", timestamp(r.started_unix_ns)},
                   {"source", "user"},
                   {"message", r.problem}});
  for (const auto& turn : turns_of(r.spans)) {
    const auto since = static_cast<std::int64_t>((turn.model->begin_seconds - begun) * 1e9);
    steps.push_back(step_of(turn, r.started_unix_ns + since, steps.size() + 1));
  }
  Json totals = metrics_of(r.tokens, r.cost, "total_");
  totals["total_steps"] = steps.size();
  totals["extra"] = {{"energy_joules", energies_of(r.energy)}, {"wall_clock_s", r.latency.total_seconds}};
  const Json& name = member(config, "agent");
  Json agent = {{"name", name.is_string() ? Json(name) : Json("unknown")}, {"version", "unknown"}};
  if (const Json& model = member(config, "model"); model.is_string()) agent["model_name"] = model;
  Json extra = {{"instance_id", r.query_id}};
  if (!r.spans.empty()) extra["own_time_of_the_agent"] = extra_of(r.spans.front());
  if (r.evaluation && r.evaluation->correct) extra["is_resolved"] = *r.evaluation->correct;
  if (r.failure) extra["failure"] = r.failure->kind + ": " + r.failure->message;
  return {{"schema_version", "ATIF-v1.7"},
          {"session_id", session},
          {"trajectory_id", fmt::format("{}-q{:04}", session, r.index)},
          {"agent", std::move(agent)},
          {"steps", std::move(steps)},
          {"final_metrics", std::move(totals)},
          {"extra", std::move(extra)}};
}

}  // namespace

std::size_t write_atif(const std::filesystem::path& folder) {
  const Json config = read_config(folder);
  const auto into = folder / "trajectories";
  const auto session = session_of(folder);
  return for_each_task(folder, [&](const QueryRecord& r) {
    make_directories(into);
    write_file_atomic(into / fmt::format("q{:04}.json", r.index), pretty_json(document(r, session, config)));
  });
}

}  // namespace ipw::records
