// SPDX-License-Identifier: Apache-2.0
// A git repository in a container: what an agent has changed, and putting a change into a fresh one.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "ipw/harness/containers.h"

namespace ipw::harness {

/// The commit that is checked out. Throws Error where there is none.
std::string head_of(sandbox::Workplace& place, const std::string& folder, const std::stop_token& stop);

struct TakenPatch {
  std::string text;    ///< empty: the agent has changed nothing
  std::string source;  ///< workspace, answer or none
  std::string note;    ///< "the answer's patch was not used" and the like
};
/// What the agent has done: the changes of the repository since `base`, new files included (defect S9), also
/// where it has made commits. Where only new files are in there and the answer has a patch, the answer's is
/// taken: the files are then what the agent left lying about. Throws Error where the place fails, and where
/// the repository cannot be read and the answer has no patch; one that the agent has removed is no change.
TakenPatch take_patch(sandbox::Workplace& place, const std::string& folder, const std::string& base,
                      std::string_view answer, const std::stop_token& stop);

struct Applied {
  bool good = false;
  std::string log;
};
/// Put a patch into a repository by the official ways, one after another: git apply, with --3way, with
/// --reject, and patch with a fuzz of 5 (SWE-bench 5.0.2, run_evaluation.py). Throws Error where the place
/// fails or has no repository.
Applied apply_patch(sandbox::Workplace& place, const std::string& folder, const std::string& patch,
                    const std::stop_token& stop);
/// The way of SWEfficiency (run_validation.py): file by file, where a file that git does not know may fail.
Applied apply_by_files(sandbox::Workplace& place, const std::string& folder, const std::string& base,
                       const std::string& patch, const std::stop_token& stop);

}  // namespace ipw::harness
