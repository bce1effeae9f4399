// SPDX-License-Identifier: Apache-2.0
// ipw servers: start, stop and show inference servers.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/base/registry.h"
#include "ipw/base/say.h"
#include "ipw/base/text.h"
#include "ipw/cli/commands.h"
#include "ipw/cli/server_key.h"
#include "ipw/execution/managed_servers.h"
#include "ipw/execution/presets.h"

namespace ipw::cli {
namespace {

using servers::Engine;
using servers::ServerEntry;
using servers::ServerSpec;

constexpr Positional kPositionals[] = {{"ACTION", "start (or launch), stop or status."}};
constexpr Option kOptions[] = {
    {"--engine", "ID", "", "llama-server, ollama, sglang or vllm; `ipw list servers` tells of them.",
     Kind::Text, "Which server"},
    {"--vllm", "", "", "The original's name for --engine vllm.", Kind::Flag, "Which server"},
    {"--ollama", "", "", "The original's name for --engine ollama.", Kind::Flag, "Which server"},
    {"--port", "N", "the engine's own", "start: where it listens. stop: the server there.", Kind::Text,
     "Which server"},
    {"--all", "", "", "stop: all that ipw has started.", Kind::Flag, "Which server"},

    {"--model", "NAME", "",
     "Its model: an id of the hub; for ollama a name of its library; for llama-server as `ipw models` has "
     "it.",
     Kind::Text, "start"},
    {"--preset", "NAME", "", "The model of a preset; `ipw list presets`. --model wins over it.", Kind::Text,
     "start"},
    {"--host", "ADDRESS", "127.0.0.1", "Where it listens; others can use the server at any but the loopback.",
     Kind::Text, "start"},
    {"--num-parallel", "N", "the program's own", "How many requests it works on at once.", Kind::Text,
     "start"},
    {"--context", "N", "the program's own", "Tokens of one request, prompt and answer.", Kind::Text, "start"},
    {"--gpu-memory-utilization", "SHARE", "vllm: 0.9; sglang: its own",
     "vllm, sglang: the share of the GPU's memory that it takes.", Kind::Text, "start"},
    {"--tensor-parallel-size", "N", "the program's own",
     "vllm, sglang: over how many GPUs the model is parted.", Kind::Text, "start"},
    {"--server-arg", "ARGUMENT", "", "An argument for the program itself, such as --server-arg=--no-webui.",
     Kind::List, "start"},
    {"--wait-timeout", "SECONDS", "300", "How long it may take until it answers.", Kind::Text, "start"},
    {"--no-wait", "", "", "Return at once, without knowing whether it will serve.", Kind::Flag, "start"},

    {"--json", "", "", "Print JSON.", Kind::Flag, "Output"},
};

void say_line(const std::string& text) {
  say("{}\n", text);
}

/// The engine that was named in one of the three ways; empty for none.
std::string engine_named(const Values& values) {
  std::vector<std::string> named = values.list("--engine");
  for (const char* flag : {"--ollama", "--vllm"})
    if (values.has(flag)) named.emplace_back(flag + 2);
  if (named.size() > 1)
    throw Error(ErrorCode::Usage, fmt::format("{} are two engines", fmt::join(named, " and ")),
                "name one of them");
  if (!named.empty()) require("engine", servers::engines(), named.front());
  return named.empty() ? "" : named.front();
}

std::optional<int> port_given(const Values& values) {
  const auto port = values.integer("--port", 1);
  if (port && *port > 65535)
    throw Error(ErrorCode::Usage, fmt::format("--port {} is no port", *port), "1 to 65535");
  return port ? std::optional(static_cast<int>(*port)) : std::nullopt;
}

std::string model_given(const Values& values) {
  const auto model = values.text("--model"), preset = values.text("--preset");
  if (!preset) return model.value_or("");
  const std::string named(require("preset", execution::presets(), *preset).model);
  if (model) say("--model {} wins over the preset {} ({})\n", *model, *preset, named);
  return model.value_or(named);
}

ServerSpec spec_given(const Values& values) {
  ServerSpec out;
  out.engine = engine_named(values);
  if (out.engine.empty())
    throw Error(ErrorCode::Usage, "no engine is named",
                fmt::format("--engine {}", fmt::join(names(servers::engines()), ", ")));
  const auto& engine = servers::engine_of(out);
  out.model = model_given(values);
  out.port = port_given(values).value_or(engine.port);
  out.host = values.text("--host").value_or(out.host);
  out.parallel = values.integer("--num-parallel", 1);
  out.context = values.integer("--context", 1);
  out.gpu_memory_utilization = values.number("--gpu-memory-utilization", 0);
  out.tensor_parallel_size = values.integer("--tensor-parallel-size", 1);
  out.arguments = values.list("--server-arg");
  out.key = server_key(engine);
  servers::check(out);
  return out;
}

int start(const Values& values, Context& context) {
  auto spec = spec_given(values);
  servers::StartOptions options;
  options.wait = Seconds(values.number("--wait-timeout", 0.001).value_or(options.wait.count()));
  options.until_ready = !values.has("--no-wait");
  options.tell = say_line;
  execution::find_model_file(spec, context.around, options.tell);
  const auto server = execution::server_host(context.around).start(spec, options, context.stop);
  if (values.has("--json"))
    fmt::print("{}", pretty_json({{"base_url", server.base_url},
                                  {"engine", spec.engine},
                                  {"model", spec.model},
                                  {"port", spec.port},
                                  {"pid", server.reused ? Json() : Json(server.entry.process.pid)},
                                  {"log", server.reused ? Json() : Json(server.entry.log)},
                                  {"reused", server.reused},
                                  {"ready", options.until_ready}}));
  else
    fmt::print("{}\n", server.base_url);
  return 0;
}

servers::ServerLedger::Found read_ledger(const servers::ServerHost& host) {
  auto found = host.ledger().read();
  for (const auto& line : found.dropped) say_line(line);
  return found;
}

int stop(const Values& values, Context& context) {
  const auto engine = engine_named(values);
  const auto port = port_given(values);
  if (engine.empty() && !port && !values.has("--all"))
    throw Error(ErrorCode::Usage, "stop which server?", "--engine ID, --port N or --all");
  const auto host = execution::server_host(context.around);
  Json stopped = Json::array();
  for (const auto& entry : read_ledger(host).running) {
    if ((!engine.empty() && entry.engine != engine) || (port && entry.port != *port)) continue;
    if (!host.stop(entry)) continue;
    stopped.push_back({{"engine", entry.engine}, {"port", entry.port}, {"model", entry.model}});
    if (!values.has("--json")) fmt::print("stopped {} on port {}\n", entry.engine, entry.port);
  }
  if (values.has("--json")) fmt::print("{}", pretty_json({{"stopped", stopped}}));
  if (stopped.empty() && !values.has("--all"))
    throw Error(ErrorCode::NotFound, "ipw has started no such server that still runs",
                "`ipw servers status` shows them; servers of others are left alone");
  return 0;
}

struct Shown {
  ServerEntry entry;
  bool ready;
};

Json to_json(const Shown& server, double uptime) {
  const auto& entry = server.entry;
  return {{"engine", entry.engine},   {"model", entry.model},
          {"host", entry.host},       {"port", entry.port},
          {"pid", entry.process.pid}, {"ready", server.ready},
          {"uptime_seconds", uptime}, {"log", entry.log},
          {"argv", entry.argv},       {"run_pid", entry.run ? Json(entry.run->pid) : Json()}};
}

ServerSpec spec_of(const ServerEntry& entry) {
  ServerSpec out;
  out.engine = entry.engine;
  out.model = entry.model;
  out.host = entry.host;
  out.port = entry.port;
  return out;
}

bool is_ready(const ServerEntry& entry, const std::stop_token& stop) {
  auto spec = spec_of(entry);
  const auto* engine = find(servers::engines(), entry.engine);
  if (engine == nullptr) return false;  // an entry of a later version
  spec.key = server_key(*engine);
  return servers::ServerProbe(spec, stop).ready();
}

struct Other {
  const Engine* engine;
  servers::ServerProbe::Look look;
};

/// What answers at the default ports and is not ours; whoever that is gets no key.
std::vector<Other> others(const std::vector<ServerEntry>& ours, const std::stop_token& stop) {
  std::vector<Other> out;
  for (const auto& engine : servers::engines()) {
    if (std::ranges::find(ours, engine.port, &ServerEntry::port) != ours.end()) continue;
    ServerSpec spec;
    spec.engine = engine.name;
    spec.port = engine.port;
    auto look = servers::ServerProbe(spec, stop).look();
    if (look.door != servers::ServerProbe::Look::Door::Free) out.push_back({&engine, std::move(look)});
  }
  return out;
}

void print_status(const std::vector<Shown>& ours, const std::vector<Other>& besides, std::int64_t now) {
  if (ours.empty()) fmt::print("no server that ipw has started runs here\n");
  for (const auto& [entry, ready] : ours) {
    fmt::print("{:<14} port {:<6} {:<10} {}\n", entry.engine, entry.port, ready ? "ready" : "not ready",
               entry.model);
    fmt::print("  up for {}, process {}{}\n  log {}\n",
               human_duration(static_cast<double>(now - entry.started_unix)), entry.process.pid,
               entry.run ? fmt::format(", for the run of process {}", entry.run->pid) : "", entry.log);
  }
  for (const auto& [engine, look] : besides) {
    const bool serving = look.door == servers::ServerProbe::Look::Door::Serving;
    fmt::print("{:<14} port {:<6} not ours: {}\n", serving ? engine->name : "something", engine->port,
               serving ? fmt::format("{}", fmt::join(look.models, ", ")) : look.reason);
  }
}

int status(const Values& values, Context& context) {
  const auto host = execution::server_host(context.around);
  const auto running = read_ledger(host).running;
  std::vector<Shown> ours;
  for (const auto& entry : running) ours.push_back({entry, is_ready(entry, context.stop)});
  const auto besides = others(running, context.stop);
  const auto now =
      std::chrono::floor<std::chrono::seconds>(context.around.clock.wall().time_since_epoch()).count();
  if (!values.has("--json")) {
    print_status(ours, besides, now);
    return 0;
  }
  Json all = {{"ours", Json::array()}, {"others", Json::array()}};
  for (const auto& each : ours)
    all["ours"].push_back(to_json(each, static_cast<double>(now - each.entry.started_unix)));
  for (const auto& [engine, look] : besides)
    all["others"].push_back({{"port", engine->port},
                             {"models", look.models},
                             {"reason", look.reason.empty() ? Json() : Json(look.reason)}});
  fmt::print("{}", pretty_json(all));
  return 0;
}

struct Action {
  std::string_view name;
  int (*run)(const Values&, Context&);
};
constexpr std::array kActions = {Action{"launch", &start}, Action{"start", &start}, Action{"status", &status},
                                 Action{"stop", &stop}};

int run(const Values& values, Context& context) {
  return require("action of servers", std::span<const Action>(kActions), values.text("ACTION").value_or(""))
      .run(values, context);
}

}  // namespace

const Command kServers = {
    "servers",
    "Start, stop and show inference servers.",
    "A server runs on until it is stopped; `start` prints its base URL once it answers. What `stop` ends was "
    "started by ipw:\n"
    "a server of others, or another process that has got the same number, is left alone.\n\n"
    "Examples:\n"
    "  ipw servers start --engine llama-server --model smollm2-135m-instruct\n"
    "  ipw servers start --vllm --model Qwen/Qwen3-8B --tensor-parallel-size 2\n"
    "  ipw servers status\n"
    "  ipw servers stop --all",
    kPositionals,
    kOptions,
    run};

}  // namespace ipw::cli
