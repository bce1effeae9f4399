// SPDX-License-Identifier: Apache-2.0
// What an agent's task leaves on disk: artifacts/qNNNN_SLUG/ as the original lays it out
// (original-formats.md 2.7).
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "ipw/agents/agent.h"
#include "ipw/base/result.h"
#include "ipw/datasets/dataset.h"
#include "ipw/execution/config.h"
#include "ipw/records/query_record.h"

namespace ipw::execution {

/// Where a task's workspace lies, whether it is there or not.
std::filesystem::path workspace_of(const std::filesystem::path& run_folder,
                                   const datasets::Question& question);

class TaskArtifacts {
 public:
  /// Make the task's folder anew, with an empty workspace. Throws Error.
  TaskArtifacts(const std::filesystem::path& run_folder, const datasets::Question& question);
  const std::string& id() const { return id_; }  ///< "q0007"
  std::filesystem::path workspace() const { return folder_ / "workspace"; }
  /// Copy the files of the question to inputs/ in the workspace; two of one name both stay (defect X21).
  /// Returns their names as the workspace has them, or why one cannot be had.
  Result<std::vector<std::string>, std::string> bring_inputs(const datasets::Question& question) const;
  /// Write response.txt and metadata.json.
  void write(const records::QueryRecord& record, const agents::TaskEnd& end) const;
  /// Remove all of it: the task was stopped and will be done again.
  void drop() const;

 private:
  std::string id_;
  std::filesystem::path folder_;
};

/// Remove a folder with all that an agent left in it, folders without rights too. Throws.
void remove_tree(const std::filesystem::path& folder);
/// Copy what an agent left: folders, which their owner may change then, regular files, and links as links.
/// Returns how many others (pipes, sockets, what may not be read) were left out. Throws where it cannot
/// write.
std::size_t copy_tree(const std::filesystem::path& from, const std::filesystem::path& to);

/// Write artifacts_manifest.json: every task's folder with its files, sorted. What may not be read is left
/// out.
void write_artifacts_manifest(const std::filesystem::path& run_folder);
/// The files that a finished run of agents has besides: its exports, and the manifests of tasks and
/// artifacts.
void write_task_files(const std::filesystem::path& run_folder, const AgentChoice& agent);

}  // namespace ipw::execution
