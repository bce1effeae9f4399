// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/slurm.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/base/error.h"
#include "ipw/base/files.h"
#include "ipw/base/subprocess.h"
#include "ipw/base/text.h"
#include "ipw/execution/setup.h"
#include "ipw/records/run_folder.h"

namespace ipw::execution {
namespace {

namespace fs = std::filesystem;

constexpr Seconds kCommandTime{60};
constexpr auto kPoll = std::chrono::seconds(1);
/// The controller may be busy, or come back after a restart, while the job goes on.
constexpr int kFailuresInARow = 30;

constexpr std::string_view kOurs[] = {"--array", "-a", "--output", "-o",
                                      "--error", "-e", "--wrap",   "--parsable"};

void check_option(const std::string& option) {
  const auto name = option.substr(0, option.find('='));
  const bool broken = !option.starts_with("-") || option.find_first_of("\n\r") != std::string::npos;
  if (broken)
    throw Error(ErrorCode::Usage, fmt::format("--slurm-option '{}' is no option of sbatch", option),
                "write it as one word: --slurm-option=--partition=gpu");
  if (std::ranges::find(kOurs, name) != std::end(kOurs))
    throw Error(ErrorCode::Usage, fmt::format("--slurm-option {} is set by ipw itself", name));
}

ProcessResult run_command(std::vector<std::string> argv, const std::vector<std::string>& environment = {}) {
  ProcessRequest request;
  request.argv = std::move(argv);
  request.timeout = kCommandTime;
  request.environment = environment;
  return run_process(request);
}

std::string last_line(const std::string& text) {
  const auto trimmed = trim(text);
  return std::string(trimmed.substr(trimmed.rfind('\n') + 1));
}

bool bears_name_of(const fs::path& folder, const ProfileConfig& config) {
  const auto wanted = folder_name(config, "", config.dataset);
  const auto name = folder.filename().string();
  if (!config.agent.name.empty()) return name == wanted;
  constexpr std::string_view kCommand = "profile_", kHardware = "UNKNOWN_HW";
  if (!name.starts_with(kCommand) || !name.ends_with(wanted.substr(kCommand.size() + kHardware.size())))
    return false;
  // A hardware and a model may look like another hardware and another model: the configuration knows.
  if (!fs::exists(folder / "config.json")) return false;
  const auto own = profile_config_from_json(records::read_config(folder));
  return folder_name(own, "", own.dataset) == wanted;
}

}  // namespace

std::string shell_quoted(const std::string& word) {
  const auto is_plain = [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("-_./:=,+@%").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (!word.empty() && std::ranges::all_of(word, is_plain)) return word;
  return "'" + replace_all(word, "'", R"('\'')") + "'";
}

std::string slurm_script(const SlurmJob& job) {
  std::string out = fmt::format(
      "#!/bin/bash\n"
      "# {} shards of one run, written by ipw {}. To submit it again by hand: sbatch {}\n"
      "# Tasks go on with what their shard has finished. Keys come from the environment and stand in no "
      "file.\n"
      "#SBATCH --job-name={}\n#SBATCH --array=1-{}\n#SBATCH --output={}/task-%a.log\n#SBATCH "
      "--open-mode=append\n#SBATCH --chdir={}\n",
      job.shards, IPW_VERSION, shell_quoted((job.folder / "job.sh").string()), job.name, job.shards,
      job.folder.string(), job.working_dir.string());
  for (const auto& option : job.options) {
    check_option(option);
    out += fmt::format("#SBATCH {}\n", option);
  }
  std::vector<std::string> words;
  for (const auto& word : job.task) words.push_back(shell_quoted(word));
  const auto state = shell_quoted((job.folder / "task-").string()) + "\"$SLURM_ARRAY_TASK_ID\"";
  out += fmt::format(
      "\nrm -f {0}.status\n{1} \\\n  --shard \"$SLURM_ARRAY_TASK_ID/{2}\"\nstatus=$?\necho \"$status\" > "
      "{0}.status\nexit \"$status\"\n",
      state, fmt::join(words, " "), job.shards);
  return out;
}

fs::path write_slurm_script(const SlurmJob& job) {
  const auto bad = [](const fs::path& path) {
    return path.string().find_first_of(" \n\r%") != std::string::npos;
  };
  if (bad(job.folder) || bad(job.working_dir))
    throw Error(ErrorCode::Usage,
                fmt::format("Slurm's directives cannot hold the path {}",
                            (bad(job.folder) ? job.folder : job.working_dir).string()),
                "use a folder whose path has no blank and no %");
  const auto text = slurm_script(job);
  make_directories(job.folder);
  auto path = job.folder / "job.sh";
  write_file_atomic(path, text);
  fs::permissions(path, fs::perms::owner_exec, fs::perm_options::add);
  return path;
}

std::string submit_slurm(const fs::path& script, const std::vector<std::string>& environment) {
  ProcessResult result;
  try {
    result = run_command({"sbatch", "--parsable", script.string()}, environment);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::NotFound) throw;
    throw Error(ErrorCode::NotFound,
                fmt::format("there is no sbatch on this machine; the script is {}", script.string()),
                "submit it where Slurm is installed, or run each shard by hand with --shard I/N");
  }
  if (result.exit_status != 0)
    throw Error(ErrorCode::Unavailable,
                fmt::format("sbatch failed with status {}: {}", result.exit_status, last_line(result.err)),
                fmt::format("the script is {}; submit it by hand to see more", script.string()));
  const auto line = last_line(result.out);
  auto id = line.substr(0, line.find(';'));  // "ID;CLUSTER" where there are several
  if (!parse_int(id)) throw Error(ErrorCode::Format, fmt::format("sbatch printed '{}' and no job id", line));
  write_file_atomic(script.parent_path() / "job-id", id + "\n");
  return id;
}

bool await_slurm(const std::string& job_id, Clock& clock, const std::stop_token& stop) {
  for (int failures = 0; !stop.stop_requested();) {
    const auto result = run_command({"squeue", "--noheader", "--jobs=" + job_id, "--format=%T"});
    // A job that ended long ago is no longer known.
    if (result.exit_status == 0 && trim(result.out).empty()) return true;
    if (result.err.find("Invalid job id") != std::string::npos) return true;
    failures = result.exit_status == 0 ? 0 : failures + 1;
    if (failures >= kFailuresInARow)
      throw Error(ErrorCode::Unavailable,
                  fmt::format("squeue fails again and again: {}", last_line(result.err)),
                  "the job goes on; `ipw merge` joins its shards when it has ended");
    clock.sleep_until(clock.now() + kPoll);
  }
  return false;
}

std::vector<fs::path> folders_of_run(const ProfileConfig& config) {
  std::vector<fs::path> out;
  if (!fs::is_directory(config.output_dir)) return out;
  for (const auto& entry : fs::directory_iterator(config.output_dir))
    if (entry.is_directory() && bears_name_of(entry.path(), config) && !fs::is_empty(entry.path()))
      out.push_back(entry.path());
  return out;
}

std::optional<int> slurm_task_status(const fs::path& folder, std::size_t shard) {
  const auto file = folder / fmt::format("task-{}.status", shard);
  if (!fs::exists(file)) return std::nullopt;
  const auto value = parse_int(trim(read_file(file)));
  return value ? std::optional(static_cast<int>(*value)) : std::nullopt;
}

}  // namespace ipw::execution
