// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/sub_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "ipw/base/error.h"
#include "ipw/base/text.h"
#include "ipw/http/host.h"
#include "ipw/tools/sub_models.h"

namespace ipw::execution {
namespace {

using servers::Engine;

/// The one agent that takes sub-models, and the argument by which it does.
constexpr std::string_view kAgent = "react";
constexpr const char* kArgument = "sub_models";
constexpr const char* kMain = "main";

std::vector<std::string> known_clients() {
  std::vector<std::string> out;
  for (const auto& engine : servers::engines()) out.emplace_back(engine.client);
  std::ranges::sort(out);
  return out;
}

std::string alias_of(const std::string& model) {
  auto out = to_lower_ascii(model.substr(model.rfind('/') + 1));
  std::ranges::replace(out, '_', '-');
  return out;
}

struct Endpoint {
  std::string host;
  int port;
};

/// Absent for a URL without a port.
std::optional<Endpoint> endpoint_of(std::string_view url) {
  const auto [host, port] = http::host_port(url);
  if (!port) return std::nullopt;
  return Endpoint{std::string(host), *port};
}

servers::ServerSpec spec_of(const Engine& engine, const std::string& model, const Endpoint& at) {
  servers::ServerSpec out;
  out.engine = engine.name;
  out.model = model;
  out.port = at.port;
  if (at.host != "localhost") out.host = at.host;
  return out;
}

PlannedServer main_server(const ProfileConfig& config, std::string_view client) {
  const auto* engine = servers::engine_of_client(client);
  if (engine == nullptr)
    throw Error(ErrorCode::Usage,
                fmt::format("--auto-server: ipw starts no server for the client '{}'", client),
                fmt::format("--client {}", fmt::join(known_clients(), ", ")));
  const auto at = endpoint_of(config.client_base_url);
  if (!at || !http::is_loopback(at->host))
    throw Error(ErrorCode::Usage,
                fmt::format("--auto-server starts servers on this machine, and {} is not at a port of it",
                            config.client_base_url),
                "leave --client-base-url out; --base-port says where the servers listen");
  PlannedServer out{kMain, spec_of(*engine, config.model, *at)};
  out.spec.key = config.api_key;
  return out;
}

void add_row(Json& rows, const SubModelChoice& choice, int port) {
  const auto has_alias = [&](const Json& row) {
    return row.is_object() && row.value("alias", Json()) == choice.alias;
  };
  if (std::ranges::any_of(rows, has_alias))
    throw Error(ErrorCode::Usage, fmt::format("two sub-models are called '{}'", choice.alias),
                "give one of them another alias");
  if (port > 65535)
    throw Error(ErrorCode::Usage,
                fmt::format("there is no port {} for the sub-model '{}'", port, choice.alias),
                "give a lower --base-port");
  rows.push_back({{"alias", choice.alias},
                  {"backend", choice.backend},
                  {"model", choice.model},
                  {"base_url", fmt::format("http://127.0.0.1:{}/v1", port)}});
}

/// vLLM and SGLang claim their memory at the start, so several of them part it.
void part_the_memory(std::vector<PlannedServer>& planned) {
  constexpr double kAll = 0.9;
  const auto claims = [](const PlannedServer& p) { return servers::engine_of(p.spec).splits_a_gpu; };
  const auto count = std::ranges::count_if(planned, claims);
  for (auto& each : planned)
    if (count > 1 && claims(each)) each.spec.gpu_memory_utilization = kAll / static_cast<double>(count);
}

/// Two models cannot be at one port, but at Ollama's.
void check_ports(const std::vector<PlannedServer>& planned) {
  for (auto a = planned.begin(); a != planned.end(); ++a)
    for (auto b = planned.begin(); b != a; ++b) {
      if (a->spec.port != b->spec.port) continue;
      const bool same = a->spec.engine == b->spec.engine;
      if (same && (servers::engine_of(a->spec).many_models || a->spec.model == b->spec.model)) continue;
      throw Error(ErrorCode::Usage,
                  fmt::format("the models '{}' and '{}' are both expected on port {}", b->spec.model,
                              a->spec.model, a->spec.port),
                  "give one of them another base_url, or another --base-port");
    }
}

}  // namespace

SubModelChoice parse_sub_model_option(const std::string& text) {
  const auto first = text.find(':');
  const auto second = first == text.npos ? text.npos : text.find(':', first + 1);
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorCode::Usage, fmt::format("--submodel {}: {}", text, what),
                "write ALIAS:BACKEND:MODEL_ID, such as small:vllm:Qwen/Qwen3-4B");
  };
  if (second == text.npos) fail("it has less than three parts");
  SubModelChoice out{text.substr(0, first), text.substr(first + 1, second - first - 1),
                     text.substr(second + 1)};
  if (servers::engine_of_client(out.backend) == nullptr)
    fail(
        fmt::format("there is no backend '{}'; there are {}", out.backend, fmt::join(known_clients(), ", ")));
  if (out.model.empty()) fail("the model's id is empty");
  if (out.alias.empty()) out.alias = alias_of(out.model);
  if (out.alias.empty()) fail("the alias is empty");
  if (out.alias == kMain) fail("the alias 'main' is that of the agent's own model");
  return out;
}

void add_sub_models(AgentChoice& agent, std::span<const SubModelChoice> choices, int base_port,
                    std::string_view main_client) {
  if (choices.empty()) return;
  if (agent.name != kAgent)
    throw Error(ErrorCode::Usage,
                fmt::format("the agent '{}' asks no other models, so --submodel has no use", agent.name),
                fmt::format("--agent {} takes sub-models", kAgent));
  Json kwargs = parse_json(agent.kwargs).value_or(Json());
  if (!kwargs.is_object()) throw Error(ErrorCode::Usage, "--agent-kwargs is no JSON object");
  Json& rows = kwargs[kArgument];
  if (rows.is_null()) rows = Json::array();
  if (!rows.is_array()) throw Error(ErrorCode::Usage, "'sub_models' in --agent-kwargs is no list");
  int next = base_port;
  for (const auto& choice : choices) {
    const auto& engine = *servers::engine_of_client(choice.backend);
    int port = engine.port;
    if (!engine.many_models) port = ++next;
    if (engine.many_models && main_client == choice.backend) port = base_port;
    add_row(rows, choice, port);
  }
  agent.kwargs = dump_json(kwargs);
}

std::vector<PlannedServer> plan_servers(const ProfileConfig& config, std::string_view client) {
  std::vector<PlannedServer> out = {main_server(config, client)};
  const Json kwargs = parse_json(config.agent.kwargs).value_or(Json());
  const Json rows =
      config.agent.name == kAgent && kwargs.is_object() ? kwargs.value(kArgument, Json()) : Json();
  for (const auto& row : rows) {
    const auto sub = tools::parse_sub_model(dump_json(row));
    const auto* engine = servers::engine_of_client(sub.backend);
    const auto at = endpoint_of(sub.base_url);
    if (engine == nullptr || !at || !http::is_loopback(at->host)) continue;
    out.push_back({sub.alias, spec_of(*engine, sub.model, *at)});
    out.back().spec.key = sub.key;
  }
  part_the_memory(out);
  check_ports(out);
  for (const auto& each : out) servers::check(each.spec);
  return out;
}

}  // namespace ipw::execution
