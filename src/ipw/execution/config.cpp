// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/records/run_folder.h"

namespace ipw::execution {
namespace {

Json to_json(const Params& params) {
  Json json = Json::object();
  for (const auto& [key, value] : params.all()) json[key] = value;
  return json;
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

/// Read a key into a field when it is there and not null.
template <class T>
void read(const Json& json, const char* key, T& field) {
  const auto it = json.find(key);
  if (it == json.end() || it->is_null()) return;
  try {
    field = it->get<T>();
  } catch (const Json::exception&) {
    throw Error(ErrorCode::Format, fmt::format("config.json: '{}' has the wrong type: {}", key, it->dump()));
  }
}

template <class T>
void read(const Json& json, const char* key, std::optional<T>& field) {
  T value{};
  if (json.contains(key) && !json.at(key).is_null()) {
    read(json, key, value);
    field = value;
  }
}

void read(const Json& json, const char* key, Params& field) {
  const auto it = json.find(key);
  if (it == json.end() || !it->is_object()) return;
  for (const auto& [name, value] : it->items())
    field.set(name, value.is_string() ? value.get<std::string>() : value.dump());
}

/// What a number of config.json may be: as the option of the same name allows it.
struct Range {
  const char* key;
  double lowest, highest;
  bool whole;
};
constexpr double kLargestWhole = 2147483647, kLongestSeconds = 1e9;
constexpr Range kRanges[] = {{"start_index", 0, kLargestWhole, true},
                             {"max_queries", 1, kLargestWhole, true},
                             {"samples", 1, 1000, true},
                             {"warmup_queries", 0, kLargestWhole, true},
                             {"concurrency", 1, kLargestWhole, true},
                             {"max_turns", 1, kLargestWhole, true},
                             {"seed", 0, kLargestWhole, true},
                             {"temperature", 0, kLargestWhole, false},
                             {"max_tokens", 1, kLargestWhole, true},
                             {"query_timeout_seconds", 0.001, kLongestSeconds, false},
                             {"idle_seconds", 0, kLongestSeconds, false},
                             {"sampling_period_seconds", 0.001, kLongestSeconds, false}};

void check_ranges(const Json& json) {
  for (const auto& [key, lowest, highest, whole] : kRanges) {
    const auto it = json.find(key);
    if (it == json.end() || !it->is_number()) continue;
    const double value = it->get<double>();
    if (value >= lowest && value <= highest && (!whole || it->is_number_integer())) continue;
    throw Error(ErrorCode::Format,
                fmt::format("config.json: '{}' is {}, not a {} from {:g} to {:g}", key, it->dump(),
                            whole ? "whole number" : "number", lowest, highest));
  }
}

ShardChoice shard_from(const Json& json) {
  const auto it = json.find("shard");
  if (it == json.end() || it->is_null()) return {};
  const auto whole = [](const Json& part) {
    return part.is_number_integer() && part.get<std::int64_t>() >= 1;
  };
  if (!it->is_array() || it->size() != 2 || !std::ranges::all_of(*it, whole) || it->at(0) > it->at(1))
    throw Error(ErrorCode::Format,
                fmt::format("config.json: 'shard' is {}, not [I, N] with 1 <= I <= N", it->dump()));
  return {it->at(0).get<std::size_t>(), it->at(1).get<std::size_t>()};
}

/// The keys that decide what is asked and how; all others only say where and how it is watched.
constexpr std::array kIdentity = {
    "client_id",     "model",         "dataset_id",      "dataset_params",
    "client_params", "max_queries",   "sample_evenly",   "concurrency",
    "seed",          "temperature",   "max_tokens",      "shard",
    "attribution",   "samples",       "agent",           "effective_agent_kwargs",
    "sandbox",       "max_turns",     "max_task_tokens", "max_task_cost",
    "telemetry",     "sandbox_image", "sandbox_network", "max_task_disk",
    "start_index"};

/// The keys of an agents' run, under the original's names (original-formats.md 2.4) where it has them.
void add_agent(Json& json, const AgentChoice& agent) {
  if (agent.name.empty()) return;
  json["command"] = agent.command;
  json["agent"] = agent.name;
  json["effective_agent_kwargs"] = parse_json(agent.kwargs).value_or(Json::object());
  json["sandbox"] = agent.sandbox;
  json["sandbox_image"] = agent.sandbox_image;
  json["sandbox_engine"] = agent.sandbox_engine;
  json["sandbox_network"] = agent.sandbox_network;
  json["max_turns"] = agent.max_turns;
  json["max_task_tokens"] = or_null(agent.max_task_tokens);
  json["max_task_cost"] = or_null(agent.max_task_cost);
  json["max_task_disk"] = agent.max_task_disk;
  json["export_format"] = agent.exports;
}

AgentChoice agent_from(const Json& json) {
  AgentChoice out;
  read(json, "agent", out.name);
  if (const auto it = json.find("effective_agent_kwargs"); it != json.end() && it->is_object())
    out.kwargs = it->dump();
  read(json, "sandbox", out.sandbox);
  read(json, "sandbox_image", out.sandbox_image);
  read(json, "sandbox_engine", out.sandbox_engine);
  read(json, "sandbox_network", out.sandbox_network);
  read(json, "max_turns", out.max_turns);
  read(json, "max_task_tokens", out.max_task_tokens);
  read(json, "max_task_cost", out.max_task_cost);
  read(json, "max_task_disk", out.max_task_disk);
  read(json, "export_format", out.exports);
  if (!out.name.empty()) read(json, "command", out.command);
  return out;
}

}  // namespace

Json to_json(const ProfileConfig& c) {
  Json json = {
      {"command", "profile"},
      {"client_id", c.client},
      {"client_base_url", c.client_base_url},
      {"model", c.model},
      {"dataset_id", c.dataset},
      {"dataset_params", to_json(c.dataset_params)},
      {"client_params", to_json(c.client_params)},
      {"output_dir", c.output_dir},
      {"start_index", c.start_index},
      {"max_queries", or_null(c.max_queries)},
      {"sample_evenly", c.sample_evenly},
      {"samples", c.samples},
      {"warmup_queries", c.warmup_queries},
      {"concurrency", c.concurrency},
      {"attribution", c.attribution},
      {"seed", c.seed},
      {"temperature", c.temperature},
      {"max_tokens", or_null(c.max_tokens)},
      {"query_timeout_seconds", c.query_timeout_seconds},
      {"idle_seconds", c.idle_seconds},
      {"shard", {c.shard.index, c.shard.count}},
      {"telemetry", c.telemetry},
      {"monitor", c.monitor},
      {"monitor_access_file", c.monitor_token_file},
      {"collectors", c.collectors},
      {"sysfs_root", c.sysfs_root},
      {"require_dedicated_hardware", c.require_dedicated},
      {"sampling_period_seconds", c.sampling_period_seconds},
      {"calibration", c.calibration},
      {"prices", c.prices},
      {"eval_client", c.eval_client},
      {"eval_base_url", c.eval_base_url},
      {"eval_model", c.eval_model},
      {"eval_rubrics", to_json(c.eval_rubrics)},
  };
  add_agent(json, c.agent);
  return records::mask_secrets(std::move(json));
}

ProfileConfig profile_config_from_json(const Json& json) {
  if (!json.is_object()) throw Error(ErrorCode::Format, "the configuration is not a JSON object");
  check_ranges(json);
  ProfileConfig c;
  read(json, "client_id", c.client);
  read(json, "client_base_url", c.client_base_url);
  read(json, "model", c.model);
  read(json, "dataset_id", c.dataset);
  read(json, "dataset_params", c.dataset_params);
  read(json, "client_params", c.client_params);
  read(json, "output_dir", c.output_dir);
  read(json, "start_index", c.start_index);
  read(json, "max_queries", c.max_queries);
  read(json, "sample_evenly", c.sample_evenly);
  read(json, "samples", c.samples);
  read(json, "warmup_queries", c.warmup_queries);
  read(json, "concurrency", c.concurrency);
  read(json, "attribution", c.attribution);
  read(json, "seed", c.seed);
  read(json, "temperature", c.temperature);
  read(json, "max_tokens", c.max_tokens);
  read(json, "query_timeout_seconds", c.query_timeout_seconds);
  read(json, "idle_seconds", c.idle_seconds);
  c.shard = shard_from(json);
  read(json, "telemetry", c.telemetry);
  read(json, "monitor", c.monitor);
  read(json, "monitor_access_file", c.monitor_token_file);
  read(json, "collectors", c.collectors);
  read(json, "sysfs_root", c.sysfs_root);
  read(json, "require_dedicated_hardware", c.require_dedicated);
  read(json, "sampling_period_seconds", c.sampling_period_seconds);
  read(json, "calibration", c.calibration);
  read(json, "prices", c.prices);
  read(json, "eval_client", c.eval_client);
  read(json, "eval_base_url", c.eval_base_url);
  read(json, "eval_model", c.eval_model);
  read(json, "eval_rubrics", c.eval_rubrics);
  c.agent = agent_from(json);
  return c;
}

std::optional<std::string> incompatible_key(const ProfileConfig& a, const ProfileConfig& b) {
  const Json left = to_json(a), right = to_json(b);
  for (const auto* key : kIdentity)
    if (const auto then = left.value(key, Json()), now = right.value(key, Json()); then != now)
      return fmt::format("{} ({} then, {} now)", key, then.dump(), now.dump());
  return std::nullopt;
}

}  // namespace ipw::execution
