// SPDX-License-Identifier: Apache-2.0
// ipw proxy: stand between any program and its model, and tell what each call takes.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "ipw/base/json.h"
#include "ipw/base/text.h"
#include "ipw/cli/commands.h"
#include "ipw/cli/console.h"
#include "ipw/cli/price_option.h"
#include "ipw/cli/sensor_options.h"
#include "ipw/execution/proxy_run.h"

namespace ipw::cli {
namespace {

constexpr Option kOptions[] = {
    {"--upstream", "URL", "", "The server that answers: any with OpenAI's or Anthropic's API."},
    {"--port", "N", "8080", "Where to listen; 0 takes any free port."},
    {"--address", "IP", "127.0.0.1",
     "The interface to listen at. Everybody who reaches another one than loopback can use the server through "
     "it."},
    {"--api-key", "KEY", "the caller's own",
     "Key for the server, in place of the callers' own; never written to disk."},
    {"--json", "", "", "Print a JSON object for each call.", Kind::Flag},
    {"--quiet", "", "", "No progress on standard error.", Kind::Flag},
    kMonitorOption,
    kMonitorTokenOption,
    kCollectorOption,
    kSysfsRootOption,
    kSamplingPeriodOption,
    kCalibrationOption,
    kPricesOption,
};

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json json_of(const execution::ProxiedCall& call) {
  const auto& r = call.record;
  const auto energy = records::headline_energy(r.energy);
  Json domains = Json::object();
  for (const auto& e : r.energy) domains[e.domain] = or_null(e.joules);
  return {{"call", r.index},
          {"api", agents::to_string(call.api)},
          {"model", r.subject},
          {"failure", r.failure ? Json(r.failure->kind + ": " + r.failure->message) : Json(nullptr)},
          {"finish_reason", r.finish_reason},
          {"input_tokens", or_null(r.tokens.input)},
          {"output_tokens", or_null(r.tokens.output)},
          {"cached_tokens", or_null(r.tokens.cached)},
          {"reasoning_tokens", or_null(r.tokens.reasoning)},
          {"token_source", r.tokens.source},
          {"ttft_seconds", or_null(r.latency.ttft_seconds)},
          {"seconds", r.latency.total_seconds},
          {"joules", or_null(energy.joules)},
          {"half_width_joules", energy.joules ? Json(energy.half_width_joules) : Json(nullptr)},
          {"scope", energy.scope},
          {"energy_reason", energy.reason},
          {"domains", std::move(domains)},
          {"cost_usd", r.cost ? Json(r.cost->total_usd) : Json(nullptr)}};
}

std::string count_text(const std::optional<std::int64_t>& count) {
  return count ? fmt::to_string(*count) : "?";
}

std::string line_of(const execution::ProxiedCall& call) {
  const auto& r = call.record;
  const auto joules = records::headline_energy(r.energy).joules;
  const auto ttft = r.latency.ttft_seconds ? fmt::format("{:.3f} s", *r.latency.ttft_seconds) : "-";
  return fmt::format("{:>6}  {:<11} {:<24} {:>7} in {:>6} out  TTFT {:>8}  {:>8.3f} s  {:>9}{}", r.index,
                     agents::to_string(call.api), r.subject, count_text(r.tokens.input),
                     count_text(r.tokens.output), ttft, r.latency.total_seconds,
                     joules ? human_quantity(*joules, "J") : "-",
                     r.failure ? "  failed: " + r.failure->message : "");
}

execution::ProxyRequest make_request(const Values& values) {
  execution::ProxyRequest request;
  request.config = sensor_config(values);
  request.config.prices = values.text("--prices").value_or("");
  request.proxy.upstream = values.text("--upstream").value_or("");
  request.proxy.address = values.text("--address").value_or(request.proxy.address);
  request.proxy.port = static_cast<int>(values.integer("--port", 0).value_or(8080));
  request.proxy.api_key = values.text("--api-key").value_or("");
  request.proxy.hands_out_keys = false;
  return request;
}

void print_totals(const execution::ProxyTotals& t) {
  fmt::print(stderr, "{} calls, {} failed, {} tokens in, {} out", t.calls, t.failed, t.input_tokens,
             t.output_tokens);
  if (t.with_energy > 0)
    fmt::print(stderr, ", {} over the {} whose energy is known", human_quantity(t.joules, "J"),
               t.with_energy);
  fmt::print(stderr, "\n");
}

int run(const Values& values, Context& context) {
  const auto request = make_request(values);
  const bool json = values.has("--json"), quiet = values.has("--quiet");
  Console console(quiet, context.err_is_terminal, context.width);
  const auto started = [&](int port) {
    if (quiet) return;
    fmt::print(stderr,
               "OPENAI_BASE_URL=http://{0}:{1}/v1\nANTHROPIC_BASE_URL=http://{0}:{1}\nCtrl-C ends it\n",
               request.proxy.address, port);
  };
  const auto tell = [&](const execution::ProxiedCall& call) {
    fmt::print("{}\n", json ? dump_json(json_of(call)) : line_of(call));
    std::fflush(stdout);
  };
  const auto totals = execution::run_proxy(request, context.around, console, started, tell, context.stop);
  if (!quiet) print_totals(totals);
  return 0;
}

}  // namespace

const Command kProxy = {
    "proxy",
    "Stand between any program and its model, and tell what each call takes.",
    "Every byte passes on as it comes. A line for each call: tokens, time to the first token, seconds, and "
    "the energy "
    "of this machine's\n"
    "accelerators, shared in equal parts where calls overlap. Ctrl-C ends it with the sums.\n\n"
    "Examples:\n"
    "  ipw proxy --upstream http://localhost:8000/v1\n"
    "  ipw proxy --upstream https://api.openai.com --port 9000 --json >calls.jsonl",
    {},
    kOptions,
    run};

}  // namespace ipw::cli
