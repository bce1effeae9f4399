// SPDX-License-Identifier: Apache-2.0
#include "ipw/cli/launch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/json.h"
#include "ipw/base/registry.h"
#include "ipw/base/say.h"
#include "ipw/cli/run_request.h"
#include "ipw/execution/merge.h"
#include "ipw/execution/slurm.h"
#include "ipw/execution/task_artifacts.h"
#include "ipw/records/run_folder.h"

namespace ipw::cli {
namespace {

namespace fs = std::filesystem;

bool asked_for(const Values& values) {
  const auto launcher = values.text("--launcher").value_or("local");
  constexpr std::string_view kLaunchers[] = {"local", "slurm"};
  if (launcher == "slurm") return true;
  if (launcher != "local") throw_unknown("launcher", launcher, kLaunchers);
  for (const char* name : {"--shards", "--slurm-option", "--wait", "--dry-run"})
    if (values.has(name))
      throw Error(ErrorCode::Usage, fmt::format("{} needs --launcher slurm", name),
                  "by hand a run is parted with --shard I/N and joined with `ipw merge`");
  return false;
}

/// The run's configuration for the tasks, which must be able to read all of it.
fs::path write_task_config(const execution::ProfileConfig& config, const fs::path& folder) {
  const Json json = execution::to_json(config);
  if (json.dump().find("***") != std::string::npos)
    throw Error(
        ErrorCode::Usage, "the options hold a secret, which must not be written into the job's files",
        "pass it by the environment: IPW_API_KEY, OPENAI_API_KEY, or a variable that the agent reads");
  make_directories(folder);
  write_file_atomic(folder / "config.json", pretty_json(json));
  return folder / "config.json";
}

std::size_t shards_of(const Values& values) {
  return static_cast<std::size_t>(values.integer("--shards", 1).value_or(1));
}

/// A folder that the merge would replace though no merge made it, if there is one.
std::optional<fs::path> unmerged_target(execution::ProfileConfig config) {
  config.shard = {};
  for (const auto& folder : execution::folders_of_run(config))
    if (!fs::exists(folder / "parts")) return folder;
  return std::nullopt;
}

/// One shard is the run itself: its task goes on with the folder, if that is asked for.
void check_target(const execution::ProfileConfig& config, const Values& values) {
  const bool alone = shards_of(values) == 1;
  if (values.has("--overwrite") || (alone && values.has("--resume"))) return;
  if (const auto there = unmerged_target(config))
    throw Error(ErrorCode::Usage,
                fmt::format("{} is a run that was not merged from shards; this one would replace it",
                            there->string()),
                alone ? "--resume goes on with it, another --output-dir keeps it"
                      : "--overwrite replaces it, another --output-dir keeps it");
}

/// What goes before the tasks start, each of which then begins anew once. A profile's folder is named by its
/// hardware, which is not known here: nothing is removed that may be the run of another.
std::vector<fs::path> folders_to_drop(execution::ProfileConfig config, std::size_t shards) {
  std::vector<fs::path> out;
  const bool by_hardware = config.agent.name.empty();
  for (std::size_t shard = 1; shard <= shards; ++shard) {
    config.shard = {shard, shards};
    const auto folders = execution::folders_of_run(config);
    if (by_hardware && folders.size() > (shards == 1 ? 0U : 1U))
      throw Error(ErrorCode::Usage,
                  fmt::format("--overwrite cannot tell whether {} is meant: the hardware of the nodes is not "
                              "known here",
                              folders.front().string()),
                  "remove it yourself, or take another --output-dir");
    out.insert(out.end(), folders.begin(), folders.end());
  }
  return out;
}

execution::SlurmJob job_of(const std::string& command, const execution::RunRequest& request,
                           const std::vector<std::string>& flags, const Values& values) {
  execution::SlurmJob job;
  job.working_dir = fs::current_path();
  const auto output = fs::absolute(request.config.output_dir).lexically_normal();
  job.folder = output / "slurm";
  job.name = "ipw-" + command;
  job.shards = shards_of(values);
  job.options = values.list("--slurm-option");
  auto config = request.config;
  config.output_dir = output.string();
  config.shard = {};
  const auto file = write_task_config(config, job.folder);
  const auto program = fs::read_symlink("/proc/self/exe");
  job.task = {program.string(), command, "--config", file.string(), "--quiet"};
  job.task.insert(job.task.end(), flags.begin(), flags.end());
  if (values.has("--retry-failed")) job.task.emplace_back("--retry-failed");
  // Never --overwrite: Slurm may start a task again, and the shard must then go on.
  job.task.emplace_back("--resume");
  return job;
}

/// The folders of this run's shards, whatever hardware their names tell of.
std::vector<fs::path> shard_folders(const execution::ProfileConfig& config, const fs::path& output,
                                    std::size_t shards) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(output)) {
    if (!fs::exists(entry.path() / "config.json") || !fs::exists(entry.path() / "journal.jsonl")) continue;
    auto own = execution::profile_config_from_json(records::read_config(entry.path()));
    if (own.shard.count != shards || fs::exists(entry.path() / "parts")) continue;
    auto wanted = config;
    wanted.shard = own.shard;
    if (!execution::incompatible_key(own, wanted)) out.push_back(entry.path());
  }
  return out;
}

void tell_tasks(const execution::SlurmJob& job) {
  for (std::size_t shard = 1; shard <= job.shards; ++shard) {
    const auto status = execution::slurm_task_status(job.folder, shard);
    if (!status)
      say("shard {}: its task ended without a word; see {}/task-{}.log\n", shard, job.folder.string(), shard);
    else if (*status != 0)
      say("shard {}: exit status {}; see {}/task-{}.log\n", shard, *status, job.folder.string(), shard);
  }
}

Launched wait_and_merge(const execution::SlurmJob& job, const std::string& id,
                        const execution::RunRequest& request, const Values& values, Context& context) {
  if (!execution::await_slurm(id, context.around.clock, context.stop)) {
    say("the job {} goes on; `ipw merge` joins its shards when it has ended\n", id);
    return {130, {}};
  }
  tell_tasks(job);
  const auto output = job.folder.parent_path();
  // One shard is its own target; else only what a merge made is replaced without a word.
  const bool replaces = values.has("--overwrite") || job.shards == 1 || !unmerged_target(request.config);
  auto outcome = execution::merge({output, shard_folders(request.config, output, job.shards), replaces},
                                  context.around.clock.wall());
  if (!outcome.missing.empty()) say("missing shards: {}\n", fmt::join(outcome.missing, ", "));
  outcome.run.interrupted = false;
  return {tell_run(outcome.run, outcome.model, values, context), outcome.run.folder};
}

}  // namespace

std::optional<Launched> launch(const std::string& command, const execution::RunRequest& request,
                               const std::vector<std::string>& flags, const Values& values,
                               Context& context) {
  if (!asked_for(values)) return std::nullopt;
  if (request.config.shard.count > 1)
    throw Error(ErrorCode::Usage, "--shard and --launcher exclude each other", "--shards N parts the run");
  check_target(request.config, values);
  const auto old = values.has("--overwrite") ? folders_to_drop(request.config, shards_of(values))
                                             : std::vector<fs::path>();
  const auto job = job_of(command, request, flags, values);
  const auto script = execution::write_slurm_script(job);
  if (values.has("--dry-run")) {
    say("written: {}\nsubmit it with: sbatch {}\n", script.string(),
        execution::shell_quoted(script.string()));
    return Launched{};
  }
  for (const auto& folder : old) execution::remove_tree(folder);
  // By the environment alone: the script and its configuration are for everybody's eyes.
  std::vector<std::string> environment;
  if (!request.config.api_key.empty()) environment.push_back("IPW_API_KEY=" + request.config.api_key);
  const auto id = execution::submit_slurm(script, environment);
  const auto output = job.folder.parent_path().string();
  say("job {}: {} tasks, logs in {}\nwatch it:  squeue --job {}\nstop it:   scancel {}\nmerge it:  ipw merge "
      "{} {}/*_shard*of{}\n",
      id, job.shards, job.folder.string(), id, id, output, output, job.shards);
  if (!values.has("--wait")) return Launched{};
  return wait_and_merge(job, id, request, values, context);
}

}  // namespace ipw::cli
