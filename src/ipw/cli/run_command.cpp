// SPDX-License-Identifier: Apache-2.0
// ipw run: let an agent solve the tasks of a dataset and measure what each step costs.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/agents/agent.h"
#include "ipw/base/bytes.h"
#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/cli/commands.h"
#include "ipw/cli/console.h"
#include "ipw/cli/judge_options.h"
#include "ipw/cli/launch.h"
#include "ipw/cli/price_option.h"
#include "ipw/cli/run_request.h"
#include "ipw/cli/sensor_options.h"
#include "ipw/execution/agent_run.h"
#include "ipw/records/exports.h"

namespace ipw::cli {
namespace {

constexpr Option kOptions[] = {
    {"--agent", "ID", "", "Who solves the tasks; `ipw list agents` shows them.", Kind::Text, "Who solves"},
    {"--agent-kwargs", "JSON", "{}", "Arguments of the agent, a JSON object; its reference page lists them.",
     Kind::Text, "Who solves"},
    {"--sandbox", "ID", "bubblewrap",
     "Where programs of agents and models run. none is this machine, with all that is on it: only for what "
     "you trust.",
     Kind::Text, "Who solves"},
    {"--sandbox-image", "IMAGE", "", "The image of the sandbox `container`; pulled if it is not there.",
     Kind::Text, "Who solves"},
    {"--sandbox-engine", "ADDRESS", "DOCKER_HOST, else docker's or podman's socket",
     "The container engine: unix:///PATH or tcp://HOST:PORT.", Kind::Text, "Who solves"},
    {"--sandbox-network", "", "", "Let agents in a sandbox reach the network, not their model alone.",
     Kind::Flag, "Who solves"},
    {"--max-turns", "N", "20", "Calls of the model for each task; the proxy refuses more.", Kind::Text,
     "Who solves"},
    {"--max-task-tokens", "N", "", "Refuse further calls of a task that has used N tokens, input and output.",
     Kind::Text, "Who solves"},
    {"--max-task-disk", "SIZE", "2G",
     "End a task whose files take more on disk than this, such as 500M; 0 sets no limit.", Kind::Text,
     "Who solves"},
    {"--max-task-cost", "USD", "", "Refuse further calls of a task that has cost as much.", Kind::Text,
     "Who solves"},
    {"--query-timeout", "SECONDS", "600", "A task that takes longer is stopped and recorded as failed.",
     Kind::Text, "Who solves"},

    {"--model", "NAME", "", "The model's name at the server.", Kind::Text, "What answers"},
    {"--client-base-url", "URL", "http://localhost:8000/v1", "The model's server: any with OpenAI's API.",
     Kind::Text, "What answers"},
    {"--client-param", "KEY=VALUE", "",
     "For the check of the server before the first task, such as probe=false; agents have arguments of their "
     "own.",
     Kind::List, "What answers"},
    {"--api-key", "KEY", "IPW_API_KEY, else OPENAI_API_KEY",
     "Key for the server; agents get keys of the proxy instead. Never written to disk.", Kind::Text,
     "What answers"},

    {"--dataset", "ID", "", "Which tasks; `ipw list datasets` shows them.", Kind::Text, "What is asked"},
    {"--dataset-param", "KEY=VALUE", "", "A parameter of the dataset, such as path=questions.jsonl.",
     Kind::List, "What is asked"},
    {"--dataset-kwargs", "JSON", "", "The same for many, a JSON object; the original's way.", Kind::Text,
     "What is asked"},
    {"--start-index", "N", "0", "Leave the first N tasks out; --max-queries counts from there.", Kind::Text,
     "What is asked"},
    {"--max-queries", "N", "all", "The first N tasks.", Kind::Text, "What is asked"},
    {"--sample-evenly", "", "", "Draw --max-queries evenly over the subjects instead, by --seed.", Kind::Flag,
     "What is asked"},
    {"--shard", "I/N", "", "Every Nth task beginning with the Ith, for runs in parts.", Kind::Text,
     "What is asked"},
    {"--seed", "N", "0", "Seed of every random choice.", Kind::Text, "What is asked"},

    {"--concurrency", "N", "1",
     "Tasks at once; their energy is shared by time, accelerators' by the calls of models.", Kind::Text,
     "How it runs"},
    {"--idle-seconds", "SECONDS", "3", "Length of the idle baseline before and after; 0 takes none.",
     Kind::Text, "How it runs"},
    {"--output-dir", "DIR", "runs", "Where the run's folder is made.", Kind::Text, "How it runs"},
    {"--export-format", "LIST", "jsonl,hf,atif",
     "In which forms the tasks are written besides: atif, hf, jsonl, otel; `ipw export` does it later.",
     Kind::Text, "How it runs"},
    {"--resume", "", "", "Go on with the folder of an interrupted run; finished tasks are not done again.",
     Kind::Flag, "How it runs"},
    {"--retry-failed", "", "", "With --resume, do failed tasks again.", Kind::Flag, "How it runs"},
    {"--overwrite", "", "", "Replace the folder if it exists.", Kind::Flag, "How it runs"},
    {"--config", "FILE", "", "Repeat a run from its config.json; options given beside it win.", Kind::Text,
     "How it runs"},

    kMonitorOption,
    kMonitorTokenOption,
    kCollectorOption,
    {"--telemetry-gpu-id", "ID", "", "The original's way to say --collector nvml:ID: measure this GPU alone.",
     Kind::Text, "Sensors"},
    {"--require-dedicated-hardware", "", "",
     "Refuse to run where other programs than the model's server use the accelerators.", Kind::Flag,
     "Sensors"},
    kSysfsRootOption,
    kSamplingPeriodOption,
    kCalibrationOption,

    kEvalClientOption,
    kEvalBaseUrlOption,
    kEvalModelOption,
    kRubricOption,
    kPricesOption,

    kLauncherOption,
    kShardsOption,
    kSlurmOption,
    kWaitOption,
    kDryRunOption,

    {"--json", "", "", "Print summary.json on standard output instead of tables.", Kind::Flag, "Output"},
    {"--quiet", "", "", "No progress on standard error.", Kind::Flag, "Output"},
};

std::uint64_t disk_size(const std::string& text) {
  const auto bytes = parse_bytes(text);
  if (!bytes)
    throw Error(ErrorCode::Usage, fmt::format("--max-task-disk: '{}' is no size", text),
                "500M, 2G, or bytes; 0 sets no limit");
  return *bytes;
}

void take_agent_options(const Values& values, execution::ProfileConfig& config) {
  auto& agent = config.agent;
  agent.name = values.text("--agent").value_or(agent.name);
  agent.kwargs = values.text("--agent-kwargs").value_or(agent.kwargs);
  agent.sandbox = values.text("--sandbox").value_or(agent.sandbox);
  agent.sandbox_image = values.text("--sandbox-image").value_or(agent.sandbox_image);
  agent.sandbox_engine = values.text("--sandbox-engine").value_or(agent.sandbox_engine);
  agent.sandbox_network = values.has("--sandbox-network") || agent.sandbox_network;
  agent.max_turns = static_cast<int>(values.integer("--max-turns", 1).value_or(agent.max_turns));
  if (const auto tokens = values.integer("--max-task-tokens", 1)) agent.max_task_tokens = *tokens;
  if (const auto usd = values.number("--max-task-cost", 0)) agent.max_task_cost = *usd;
  if (const auto size = values.text("--max-task-disk")) agent.max_task_disk = disk_size(*size);
  agent.exports = values.text("--export-format").value_or(agent.exports);
  records::find_exports(agent.exports);
  if (const auto kwargs = parse_json(agent.kwargs); !kwargs)
    throw Error(ErrorCode::Usage, "--agent-kwargs is no JSON: " + kwargs.error());
}

/// Each key of the object as a parameter; numbers, truth values and texts become the text of the parameter.
void take_dataset_kwargs(const std::string& text, Params& params) {
  const auto json = parse_json(text);
  if (!json || !json->is_object())
    throw Error(ErrorCode::Usage, "--dataset-kwargs is no JSON object: " + (json ? text : json.error()),
                R"(write it as '{"path": "tasks.jsonl"}', or give --dataset-param path=tasks.jsonl)");
  for (const auto& [key, value] : json->items()) {
    if (value.is_structured() || value.is_null())
      throw Error(ErrorCode::Usage,
                  fmt::format("--dataset-kwargs: the value of '{}' is no text, number or truth value", key),
                  "`ipw datasets info ID` lists the parameters of a dataset");
    params.set(key, value.is_string() ? value.get<std::string>() : value.dump());
  }
}

/// Options of the original by which one of ours is meant.
void take_original_options(const Values& values, execution::ProfileConfig& config) {
  if (const auto kwargs = values.text("--dataset-kwargs"))
    take_dataset_kwargs(*kwargs, config.dataset_params);
  const auto gpu = values.text("--telemetry-gpu-id");
  if (!gpu) return;
  if (values.has("--collector") || values.has("--monitor"))
    throw Error(ErrorCode::Usage, "--telemetry-gpu-id excludes --collector and --monitor",
                fmt::format("give --collector nvml:{} beside the others", *gpu));
  config.collectors = {"nvml:" + *gpu};
  config.monitor = "none";
}

}  // namespace

execution::RunRequest agents_request(const Values& values) {
  auto request = run_request(values);
  auto& config = request.config;
  take_agent_options(values, config);
  take_original_options(values, config);
  if (const auto start = values.integer("--start-index", 0))
    config.start_index = static_cast<std::size_t>(*start);
  config.require_dedicated = values.has("--require-dedicated-hardware") || config.require_dedicated;
  if (!values.has("--config")) {
    config.model = values.text("--model").value_or("");
    config.dataset = values.text("--dataset").value_or("");
  }
  if (config.client_base_url.empty()) config.client_base_url = "http://localhost:8000/v1";
  for (const auto& [name, value] :
       {std::pair("--agent", &config.agent.name), std::pair("--model", &config.model),
        std::pair("--dataset", &config.dataset)})
    if (value->empty())
      throw Error(ErrorCode::Usage, std::string(name) + " is missing", "ipw run --help shows an example");
  return request;
}

namespace {

int run(const Values& values, Context& context) {
  const auto request = agents_request(values);
  if (const auto launched = launch("run", request, {}, values, context)) return launched->status;
  execution::RunOutcome outcome;
  {
    Console console(values.has("--quiet"), context.err_is_terminal, context.width);
    outcome = execution::run_agents(request, context.around, console, context.stop);
  }
  return tell_run(outcome, request.config.model, values, context);
}

}  // namespace

const Command kRun = {
    "run",
    "Let an agent solve the tasks of a dataset and measure what each step costs.",
    "The agent's model is asked through a proxy that notes tokens, times and energy of every call, so any "
    "agent in any "
    "language can be measured:\n"
    "it gets a base URL and a key of its own for each task (OPENAI_BASE_URL, OPENAI_API_KEY and "
    "Anthropic's).\n"
    "traces.jsonl in the run's folder has every task with its spans: calls of models, tools, and the agent's "
    "own time.\n\n"
    "Examples:\n"
    "  ipw run --agent command --sandbox none --agent-kwargs '{\"argv\": [\"my-agent\", \"{prompt}\"]}' "
    "--model Qwen/Qwen3-8B --dataset gsm8k --max-queries 20\n"
    "  ipw run --resume --config runs/run_command_Qwen3_8B_gsm8k/config.json",
    {},
    kOptions,
    run};

}  // namespace ipw::cli
