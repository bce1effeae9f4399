// SPDX-License-Identifier: Apache-2.0
// Run folders of shards as one, as if the run had not been sharded.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "ipw/base/clock.h"
#include "ipw/execution/profile.h"

namespace ipw::execution {

struct MergeRequest {
  std::filesystem::path output_dir;  ///< the folder is made in it, under the name of the unsharded run
  std::vector<std::filesystem::path> folders;  ///< of shards, or merged ones
  bool overwrite = false;
};

struct MergeOutcome {
  RunOutcome run;
  std::string model;
  std::size_t shards = 1;            ///< of the run
  std::vector<std::size_t> missing;  ///< that no folder holds
};

/// Join folders of one configuration. Any order and grouping gives the same folder, but for the time of
/// merging. Memory does not grow with the runs. The folder appears when it is whole. Throws Error where the
/// folders are not of one run, a shard was never finished, or queries contradict each other.
MergeOutcome merge(const MergeRequest& request, WallTime now);

}  // namespace ipw::execution
