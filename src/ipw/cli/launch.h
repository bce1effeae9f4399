// SPDX-License-Identifier: Apache-2.0
// Runs that are sent to a cluster instead of being run here.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ipw/cli/command.h"

namespace ipw::cli {

inline constexpr Option kLauncherOption = {
    "--launcher", "ID",
    "local",      "Where the run goes: local, or slurm: an array job with a task for each shard.",
    Kind::Text,   "On a cluster"};
inline constexpr Option kShardsOption = {
    "--shards", "N", "1", "Into how many shards the run is parted.", Kind::Text, "On a cluster"};
inline constexpr Option kSlurmOption = {
    "--slurm-option", "OPTION",      "", "An option of sbatch, such as --slurm-option=--partition=gpu.",
    Kind::List,       "On a cluster"};
inline constexpr Option kWaitOption = {
    "--wait",      "", "", "Wait for the job, then merge its shards and tell the result.", Kind::Flag,
    "On a cluster"};
inline constexpr Option kDryRunOption = {
    "--dry-run", "", "", "Write the job's script and submit nothing.", Kind::Flag, "On a cluster"};

/// What became of --launcher.
struct Launched {
  int status = 0;
  std::filesystem::path merged;  ///< after --wait
};

/// Send the run to a cluster if that was asked for. `flags` are options of the command that its config.json
/// does not hold. Throws Error(Usage) for options of a launcher without one.
std::optional<Launched> launch(const std::string& command, const execution::RunRequest& request,
                               const std::vector<std::string>& flags, const Values& values, Context& context);

}  // namespace ipw::cli
