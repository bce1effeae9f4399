// SPDX-License-Identifier: Apache-2.0
// Shards of a run as an array job of Slurm. No scheduler of ours: a script, sbatch, squeue.
#pragma once
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ipw/base/clock.h"
#include "ipw/execution/config.h"

namespace ipw::execution {

struct SlurmJob {
  std::filesystem::path folder;       ///< of script, logs and states; absolute, on a disk that all nodes see
  std::filesystem::path working_dir;  ///< of the tasks
  std::string name;
  std::size_t shards = 1;
  std::vector<std::string> options;  ///< of sbatch, "--partition=gpu"; they stand in the script
  std::vector<std::string> task;     ///< program and arguments, without --shard
};

/// Quote a word for a POSIX shell.
std::string shell_quoted(const std::string& word);
/// The batch script: pure. Throws Error(Usage) for an option that is none or that ipw sets itself.
std::string slurm_script(const SlurmJob& job);
/// Write it. Returns its path.
std::filesystem::path write_slurm_script(const SlurmJob& job);

/// Submit a script. `environment` ("NAME=value") is passed to the tasks and to no file. Returns the job's id,
/// which is also written to job-id beside the script. Throws Error(NotFound) without sbatch,
/// Error(Unavailable) with what sbatch says.
std::string submit_slurm(const std::filesystem::path& script, const std::vector<std::string>& environment);

/// Wait until no task of the job is in the queue. False when it was stopped before. Throws Error.
bool await_slurm(const std::string& job_id, Clock& clock, const std::stop_token& stop);

/// The folders in the output directory that bear the name of a run, its shard included. The hardware in a
/// name is any: that of the nodes is not known where a job is submitted. Empty ones do not count.
std::vector<std::filesystem::path> folders_of_run(const ProfileConfig& config);

/// How a task ended, or nothing where it left no word (killed, node lost).
std::optional<int> slurm_task_status(const std::filesystem::path& folder, std::size_t shard);

}  // namespace ipw::execution
