// SPDX-License-Identifier: Apache-2.0
// How the tests of a SWE-bench issue are run.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "ipw/base/json.h"

namespace ipw::harness {

struct SweRecipe {
  std::string test_cmd, install, log_parser;
  std::vector<std::string> before;  ///< commands before all others
  bool whole = false;               ///< test_cmd names its tests itself
  bool conda = true;                ///< the image has the environment "testbed" of conda
};

/// The recipe of a repository's version in data/swebench-specs.json. Throws Error(NotFound) that names what
/// is missing.
SweRecipe recipe_of(const std::filesystem::path& data, const std::string& repository,
                    const std::string& version);

struct SweIssue {
  std::string repository, base_commit, test_patch, folder;
};
constexpr const char* kTestPatchFile = "/tmp/test.patch";
/// The script that brings the tests of the issue's solution in place, whatever the agent has made of their
/// files (defect S11), runs them between the official markers, and puts them back. The test patch is to lie
/// at kTestPatchFile. Source: SWE-bench v4.1.0, test_spec/python.py.
std::string evaluation_script(const SweRecipe& recipe, const SweIssue& issue);

/// A script of the dataset's own (release 5), with the status of the tests noted where it has the end marker.
std::string with_exit_code(const std::string& script);

/// The files of a test patch as the repository's test command takes them.
std::vector<std::string> test_directives(const std::string& repository, const std::string& test_patch);

}  // namespace ipw::harness
