// SPDX-License-Identifier: Apache-2.0
// ipw bench: an agents' run with warm-up, statistics and a breakdown by action.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/analysis/bench_results.h"
#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/cli/commands.h"
#include "ipw/cli/console.h"
#include "ipw/cli/launch.h"
#include "ipw/cli/run_request.h"
#include "ipw/cli/server_key.h"
#include "ipw/execution/bench.h"
#include "ipw/execution/presets.h"
#include "ipw/execution/slurm.h"
#include "ipw/records/run_folder.h"
#include "ipw/report/report.h"

namespace ipw::cli {
namespace {

constexpr Option kOwnOptions[] = {
    {"--preset", "NAME", "", "The model of a preset, in place of --model; docs/guide/bench.md lists them.",
     Kind::Text, "What bench adds"},
    {"--client", "ID", "vllm",
     "vllm, ollama, llamacpp, sglang or openai: where the server is unless --client-base-url says it.",
     Kind::Text, "What bench adds"},
    {"--per-action", "", "",
     "Every action of every query with its joules in results.json, and a table of them.", Kind::Flag,
     "What bench adds"},
    {"--estimate-flops", "", "",
     "Estimate operations from the model's size, into results, summary and traces.", Kind::Flag,
     "What bench adds"},
    {"--no-telemetry", "", "", "Read no energy; all figures of energy are then absent.", Kind::Flag,
     "What bench adds"},
    {"--skip-warmup", "", "", "No query before the measurement.", Kind::Flag, "What bench adds"},
    {"--ready-timeout", "SECONDS", "120, with --auto-server 300",
     "How long the server may take until it answers.", Kind::Text, "What bench adds"},
    {"--auto-server", "", "",
     "Start the servers of the model and of the sub-models before the run, and stop them after it.",
     Kind::Flag, "What bench adds"},
    {"--submodel", "ALIAS:BACKEND:MODEL_ID", "",
     "Another model that the agent may ask; BACKEND is vllm, ollama, llamacpp or sglang.", Kind::List,
     "What bench adds"},
    {"--base-port", "N", "the client's own",
     "The main model's port on this machine; the servers of sub-models have the ports after it.", Kind::Text,
     "What bench adds"},
    {"--limit", "N", "", "The original's name for --max-queries; with --seed the tasks are drawn evenly.",
     Kind::Text, "What bench adds"},
    {"--vllm-url", "URL", "", "The original's name for --client-base-url.", Kind::Text, "What bench adds"},
};

/// How long a server that we start may take; loading a large model takes minutes.
constexpr double kServerSeconds = 300;

/// What `ipw run` takes, and ours.
std::span<const Option> options() {
  static const std::vector<Option> kAll = [] {
    std::vector<Option> all(kRun.options.begin(), kRun.options.end());
    all.insert(all.end(), std::begin(kOwnOptions), std::end(kOwnOptions));
    return all;
  }();
  return kAll;
}

void rename(Values& values, const char* old_name, const char* name) {
  const auto it = values.given.find(old_name);
  if (it == values.given.end()) return;
  if (values.has(name))
    throw Error(ErrorCode::Usage, fmt::format("{} and {} are the same option", old_name, name),
                "give one of them");
  values.given[name] = it->second;
  values.given.erase(it);
}

void take_preset(Values& values) {
  const auto name = values.text("--preset");
  if (!name) return;
  if (values.has("--model"))
    throw Error(ErrorCode::Usage, "--model and --preset exclude each other", "give one of them");
  values.given["--model"] = {std::string(require("preset", execution::presets(), *name).model)};
}

std::string client_of(const Values& values) {
  return values.text("--client").value_or("vllm");
}

int base_port(const Values& values) {
  const auto given = values.integer("--base-port", 1);
  if (given && *given > 65535)
    throw Error(ErrorCode::Usage, fmt::format("--base-port {} is no port", *given), "1 to 65535");
  const auto* engine = servers::engine_of_client(client_of(values));
  return given ? static_cast<int>(*given) : engine != nullptr ? engine->port : 8000;
}

/// Where the main model is (defect C7): given, or at the port of its client.
void take_address(Values& values) {
  const auto url = execution::default_base_url(client_of(values));
  const bool local = values.has("--auto-server") || values.has("--base-port");
  if (values.has("--client-base-url")) {
    if (local)
      throw Error(ErrorCode::Usage,
                  "--auto-server and --base-port choose the server's address, so --client-base-url cannot",
                  "give one of them");
    return;
  }
  values.given["--client-base-url"] = {local ? fmt::format("http://127.0.0.1:{}/v1", base_port(values))
                                             : url};
}

void take_sub_models(const Values& values, execution::AgentChoice& agent) {
  std::vector<execution::SubModelChoice> choices;
  for (const auto& text : values.list("--submodel"))
    choices.push_back(execution::parse_sub_model_option(text));
  execution::add_sub_models(agent, choices, base_port(values), client_of(values));
}

/// The servers to start, with the keys that they ask for.
std::vector<execution::PlannedServer> servers_to_start(const Values& values,
                                                       const execution::ProfileConfig& config) {
  if (!values.has("--auto-server")) return {};
  auto out = execution::plan_servers(config, client_of(values));
  for (auto& each : out)
    if (each.spec.key.empty()) each.spec.key = server_key(servers::engine_of(each.spec));
  return out;
}

/// The options under the names of `ipw run`.
Values as_run(Values values) {
  rename(values, "--limit", "--max-queries");
  rename(values, "--vllm-url", "--client-base-url");
  take_preset(values);
  if (values.has("--config")) {
    for (const char* name : {"--submodel", "--base-port"})
      if (values.has(name))
        throw Error(ErrorCode::Usage, fmt::format("{} cannot be changed in a run of --config", name),
                    "the configuration has the addresses of all models; leave it out");
    return values;
  }
  if (!values.has("--output-dir")) values.given["--output-dir"] = {"outputs/bench"};
  if (values.has("--seed") && !values.has("--max-queries"))
    throw Error(ErrorCode::Usage, "--seed draws the tasks of --limit; without it there is nothing to draw",
                "give --limit N too, or leave --seed out");
  if (values.has("--seed")) values.given["--sample-evenly"] = {"true"};
  take_address(values);
  return values;
}

execution::BenchRequest bench_request(const Values& given) {
  execution::BenchRequest request;
  request.run = agents_request(as_run(given));
  request.run.config.agent.command = "bench";
  if (given.has("--no-telemetry")) request.run.config.telemetry = false;
  take_sub_models(given, request.run.config.agent);
  request.servers = servers_to_start(given, request.run.config);
  if (!request.servers.empty()) request.ready_seconds = kServerSeconds;
  request.warm_up = !given.has("--skip-warmup");
  request.ready_seconds = given.number("--ready-timeout", 0).value_or(request.ready_seconds);
  return request;
}

/// Options that config.json does not hold, for the tasks of a cluster.
std::vector<std::string> own_flags(const Values& values) {
  std::vector<std::string> out;
  for (const char* flag : {"--auto-server", "--per-action", "--estimate-flops", "--skip-warmup"})
    if (values.has(flag)) out.emplace_back(flag);
  for (const char* option : {"--client", "--ready-timeout"})
    if (const auto value = values.text(option)) out.insert(out.end(), {option, *value});
  return out;
}

/// The command line as it may be published: without the key, other secrets masked.
Json invocation(const Values& values) {
  Json argv = {"ipw", "bench"};
  std::vector<std::string> words = {"ipw", "bench"};
  for (const auto& [name, given] : values.given) {
    if (name == "--api-key") continue;
    for (const auto& value : given) {
      words.push_back(name);
      auto json = parse_json(value);
      const bool structured = json && json->is_structured();
      const auto text = records::mask_secrets(structured ? *json : Json(value));
      if (value != "true") words.push_back(structured ? text.dump() : text.get<std::string>());
    }
  }
  std::string command;
  for (const auto& word : words) command += (command.empty() ? "" : " ") + execution::shell_quoted(word);
  return {{"argv", words}, {"command", command}};
}

/// Without their addresses.
Json sub_models_of(const execution::AgentChoice& agent) {
  Json out = Json::array();
  const auto kwargs = parse_json(agent.kwargs).value_or(Json());
  const Json rows = kwargs.is_object() ? kwargs.value("sub_models", Json()) : Json();
  for (const auto& row : rows) {
    if (row.is_string()) out.push_back(row);
    if (!row.is_object()) continue;
    Json told;
    for (const char* key : {"alias", "backend", "model"}) told[key] = row.value(key, Json());
    out.push_back(told);
  }
  return out;
}

/// By alias.
Json urls_of(const execution::BenchOutcome* outcome) {
  Json out = Json::object();
  if (outcome != nullptr)
    for (const auto& use : outcome->servers) out[use.alias] = use.base_url;
  return out;
}

Json servers_of(const execution::BenchOutcome* outcome) {
  Json out = Json::array();
  if (outcome != nullptr)
    for (const auto& use : outcome->servers)
      out.push_back({{"alias", use.alias},
                     {"engine", use.engine},
                     {"model", use.model},
                     {"base_url", use.base_url},
                     {"reused", use.reused}});
  return out;
}

Json metadata_of(const Values& values, const execution::BenchRequest& request,
                 const execution::BenchOutcome* outcome, WallTime now) {
  const auto& c = request.run.config;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  return {{"cli_invocation", invocation(values)},
          {"versions", {{"ipw", IPW_VERSION}}},
          {"timestamp", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(seconds)))},
          {"client_id", client_of(values)},
          {"client_base_url", c.client_base_url},
          {"model_name", c.model},
          {"agent_id", c.agent.name},
          {"dataset_id", c.dataset},
          {"max_samples", c.max_queries ? Json(*c.max_queries) : Json(nullptr)},
          {"telemetry_granularity", values.has("--per-action") ? "per-action" : "benchmark"},
          {"telemetry", c.telemetry},
          {"warmup_excluded", request.warm_up},
          {"warmup_seconds",
           outcome && outcome->warm_up_seconds ? Json(*outcome->warm_up_seconds) : Json(nullptr)},
          {"waited_for_server_seconds", outcome ? Json(outcome->waited_seconds) : Json(nullptr)},
          {"auto_server", values.has("--auto-server")},
          {"submodels", sub_models_of(c.agent)},
          {"managed_server_urls", urls_of(outcome)},
          {"managed_servers", servers_of(outcome)},
          {"server_start_seconds",
           outcome && !outcome->servers.empty() ? Json(outcome->server_seconds) : Json(nullptr)},
          {"seed", c.sample_evenly ? Json(c.seed) : Json(nullptr)}};
}

void print_actions(const std::filesystem::path& folder, const std::string& model, const Context& context) {
  const auto result = require("analysis", analysis::analyses(), "actions").make()->run(folder, model, {});
  records::write_analysis(folder, "actions", parse_json(result.json).value());
  fmt::print("\n{}",
             report::render_console(result, {static_cast<std::size_t>(context.width), context.color}));
}

void write_results(const std::filesystem::path& folder, const execution::BenchRequest& request,
                   const execution::BenchOutcome* outcome, const Values& values, const Context& context) {
  const auto& model = request.run.config.model;
  analysis::write_bench_results(folder, model,
                                metadata_of(values, request, outcome, context.around.clock.wall()),
                                {values.has("--per-action"), values.has("--estimate-flops")});
  if (values.has("--per-action") && !values.has("--json")) print_actions(folder, model, context);
}

int run(const Values& values, Context& context) {
  const auto request = bench_request(values);
  if (const auto launched = launch("bench", request.run, own_flags(values), values, context)) {
    if (!launched->merged.empty()) write_results(launched->merged, request, nullptr, values, context);
    return launched->status;
  }
  execution::BenchOutcome outcome;
  {
    Console console(values.has("--quiet"), context.err_is_terminal, context.width);
    outcome = execution::bench(request, context.around, console, context.stop);
  }
  const int status = tell_run(outcome.run, request.run.config.model, values, context);
  write_results(outcome.run.folder, request, &outcome, values, context);
  return status;
}

}  // namespace

const Command kBench = {
    "bench",
    "Measure an agent on a benchmark: `ipw run` with warm-up, statistics and energy by action.",
    "Waits until the server answers, or starts it (--auto-server), asks one query that is in no figure, then "
    "runs as `ipw run` does. The "
    "folder has\n"
    "results.json besides, with the original's keys. With --per-action the energy of all queries is told by "
    "action.\n\n"
    "Examples:\n"
    "  ipw bench --agent command --sandbox none --agent-kwargs '{\"argv\": [\"my-agent\", \"{prompt}\"]}' "
    "--model Qwen/Qwen3-8B --dataset gsm8k --limit 50 --seed 1 --per-action\n"
    "  ipw bench --config outputs/bench/bench_command_Qwen3_8B_gsm8k/config.json --launcher slurm --shards 8 "
    "--wait",
    {},
    options(),
    run};

}  // namespace ipw::cli
