// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/bench.h"

#include <fmt/format.h>

#include <algorithm>

#include "ipw/base/error.h"
#include "ipw/base/registry.h"
#include "ipw/execution/agent_run.h"
#include "ipw/execution/setup.h"

namespace ipw::execution {
namespace {

constexpr auto kPoll = std::chrono::milliseconds(500);

/// Attempts that fail are not worth a line each.
class Silent final : public Observer {
 public:
  void stage(std::string_view) override {}
  void progress(const Progress&) override {}
  void note(std::string_view) override {}
};

bool may_pass(const Error& error) {
  return error.code() == ErrorCode::Unavailable || error.code() == ErrorCode::Timeout;
}

/// The server answers and has the model.
Engine await_engine(const BenchRequest& request, const Surroundings& around, const std::stop_token& stop) {
  auto config = request.run.config;
  config.client = "openai";  // what agents speak, whatever serves it
  Silent silent;
  const auto limit = around.clock.now() + from_seconds(request.ready_seconds);
  for (;;) {
    try {
      return open_engine(config, around, silent);
    } catch (Error& error) {
      if (stop.stop_requested()) throw Error(ErrorCode::Cancelled, "stopped while waiting for the server");
      if (!may_pass(error) || around.clock.now() >= limit)
        throw error.with_context(
            fmt::format("waiting for {} to be ready, {:g} s at most; nothing was measured",
                        config.client_base_url, request.ready_seconds));
      around.clock.sleep_until(around.clock.now() + kPoll);
    }
  }
}

void warm_up(Engine& engine, const ProfileConfig& config, const std::stop_token& stop) {
  clients::Request request;
  request.model = engine.model;
  request.messages.push_back({"user", "Hello"});
  request.sampling.max_tokens = 16;
  request.timeout = Seconds(config.query_timeout_seconds);
  const auto response = engine.client->complete(request, stop);
  if (response.failure)
    throw Error(response.failure->kind == "cancelled" ? ErrorCode::Cancelled : ErrorCode::Unavailable,
                fmt::format("the warm-up query failed: {}", response.failure->message),
                "nothing was measured; --skip-warmup leaves the warm-up out");
}

}  // namespace

std::string default_base_url(std::string_view client) {
  if (client == "openai") return "https://api.openai.com/v1";
  if (const auto* engine = servers::engine_of_client(client))
    return fmt::format("http://localhost:{}/v1", engine->port);
  std::vector<std::string_view> known = {"openai"};
  for (const auto& engine : servers::engines()) known.push_back(engine.client);
  std::ranges::sort(known);
  throw_unknown("client", client, known);
}

BenchOutcome bench(const BenchRequest& request, const Surroundings& around, Observer& observer,
                   std::stop_token stop) {
  BenchOutcome outcome;
  auto& clock = around.clock;
  ManagedServers managed(around, observer);
  const auto called = clock.now();
  managed.start(request.servers, Seconds(request.ready_seconds), stop);
  outcome.servers = managed.uses();
  outcome.server_seconds = to_seconds(clock.now() - called);
  observer.stage(fmt::format("waiting for {}", request.run.config.client_base_url));
  const auto begun = clock.now();
  auto engine = await_engine(request, around, stop);
  const auto ready = clock.now();
  outcome.waited_seconds = to_seconds(ready - begun);
  if (request.warm_up) {
    observer.stage("warming up, one query");
    warm_up(engine, request.run.config, stop);
    outcome.warm_up_seconds = to_seconds(clock.now() - ready);
  }
  outcome.run = run_agents(request.run, around, observer, std::move(stop));
  return outcome;
}

}  // namespace ipw::execution
