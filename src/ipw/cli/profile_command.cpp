// SPDX-License-Identifier: Apache-2.0
// ipw profile: ask a dataset's questions and measure what each answer costs.
#include "ipw/cli/commands.h"
#include "ipw/cli/console.h"
#include "ipw/cli/judge_options.h"
#include "ipw/cli/launch.h"
#include "ipw/cli/price_option.h"
#include "ipw/cli/run_request.h"
#include "ipw/cli/sensor_options.h"

namespace ipw::cli {
namespace {

constexpr Option kOptions[] = {
    {"--client", "ID", "llamacpp", "Which engine or server answers; `ipw list clients` shows them.",
     Kind::Text, "What answers"},
    {"--model", "NAME", "smollm2-135m-instruct",
     "The model's name at the server. For llamacpp: a GGUF file, a name of `ipw models`, or "
     "hf:OWNER/REPO/FILE.gguf[@REV].",
     Kind::Text, "What answers"},
    {"--client-base-url", "URL", "the client's own", "Where the server is.", Kind::Text, "What answers"},
    {"--api-key", "KEY", "IPW_API_KEY, else OPENAI_API_KEY", "Key for the server; never written to disk.",
     Kind::Text, "What answers"},
    {"--client-param", "KEY=VALUE", "", "A parameter of the client; its reference page lists them.",
     Kind::List, "What answers"},
    {"--temperature", "T", "0", "Sampling temperature; 0 is greedy.", Kind::Text, "What answers"},
    {"--max-tokens", "N", "what the dataset asks for", "Longest answer, in tokens.", Kind::Text,
     "What answers"},
    {"--query-timeout", "SECONDS", "600", "A query that takes longer is stopped and recorded as failed.",
     Kind::Text, "What answers"},

    {"--dataset", "ID", "ipw-mini", "Which questions; `ipw list datasets` shows them.", Kind::Text,
     "What is asked"},
    {"--dataset-param", "KEY=VALUE", "", "A parameter of the dataset, such as path=questions.jsonl.",
     Kind::List, "What is asked"},
    {"--max-queries", "N", "all; 60 of ipw-mini when no dataset is named", "Ask the first N questions.",
     Kind::Text, "What is asked"},
    {"--samples", "K", "1",
     "Ask each question K times, each time with a seed of its own; give a --temperature above 0.", Kind::Text,
     "What is asked"},
    {"--sample-evenly", "", "", "Draw --max-queries evenly over the subjects instead, by --seed.", Kind::Flag,
     "What is asked"},
    {"--shard", "I/N", "", "Ask every Nth question beginning with the Ith, for runs in parts.", Kind::Text,
     "What is asked"},
    {"--seed", "N", "0", "Seed of every random choice.", Kind::Text, "What is asked"},

    {"--concurrency", "N", "1",
     "Requests in flight at once; above 1 the energy of overlapping requests is shared by --attribution.",
     Kind::Text, "How it runs"},
    {"--attribution", "RULE", "work-share",
     "How overlapping requests share energy: work-share (by tokens computed) or time-share (equal parts).",
     Kind::Text, "How it runs"},
    {"--batch-size", "N", "", "The original's name for --concurrency.", Kind::Text, "How it runs"},
    {"--warmup-queries", "N", "3", "Queries before the measurement; they use up no question.", Kind::Text,
     "How it runs"},
    {"--idle-seconds", "SECONDS", "3", "Length of the idle baseline before and after; 0 takes none.",
     Kind::Text, "How it runs"},
    {"--output-dir", "DIR", "runs", "Where the run's folder is made.", Kind::Text, "How it runs"},
    {"--resume", "", "", "Go on with the folder of an interrupted run; finished queries are not sent again.",
     Kind::Flag, "How it runs"},
    {"--retry-failed", "", "", "With --resume, ask failed queries again.", Kind::Flag, "How it runs"},
    {"--overwrite", "", "", "Replace the folder if it exists.", Kind::Flag, "How it runs"},
    {"--config", "FILE", "", "Repeat a run from its config.json; options given beside it win.", Kind::Text,
     "How it runs"},

    kMonitorOption,
    kMonitorTokenOption,
    {"--collector", "ID[:ARGS]", "all that find something",
     "Which sensors to read; `ipw doctor` shows what is there.", Kind::List, "Sensors"},
    {"--sysfs-root", "DIR", "", "Read /sys and /proc below this folder.", Kind::Text, "Sensors"},
    {"--sampling-period", "SECONDS", "0.05", "Time between two readings.", Kind::Text, "Sensors"},
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

int run(const Values& values, Context& context) {
  const auto request = run_request(values);
  if (const auto launched = launch("profile", request, {}, values, context)) return launched->status;
  execution::RunOutcome outcome;
  {
    Console console(values.has("--quiet"), context.err_is_terminal, context.width);
    outcome = execution::profile(request, context.around, console, context.stop);
  }
  return tell_run(outcome, request.config.model, values, context);
}

}  // namespace

const Command kProfile = {
    "profile",
    "Ask a dataset's questions and measure what each answer costs.",
    "With no option at all it profiles the demonstration model on 60 questions of ipw-mini.\n\n"
    "Examples:\n"
    "  ipw profile\n"
    "  ipw profile --client openai --client-base-url http://localhost:8000/v1 --model Qwen/Qwen3-8B "
    "--dataset mmlu-pro --max-queries 200\n"
    "  ipw profile --client ollama --model llama3.2:1b --dataset local --dataset-param path=mine.jsonl "
    "--concurrency 8",
    {},
    kOptions,
    run};

}  // namespace ipw::cli
