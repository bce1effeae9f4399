// SPDX-License-Identifier: Apache-2.0
// Unified diffs: in answers of models, and what they change.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace ipw::harness {

/// The unified diff in an answer: all that stands in fences of diff or patch, else what begins like one.
/// Prose before, between and after it is left out (defect S9). Empty where there is none.
std::string patch_in(std::string_view answer);

struct PatchedFiles {
  std::vector<std::string> changed;  ///< there before: changed or removed
  std::vector<std::string> added;    ///< new
  std::vector<std::string> after;    ///< every file's name after it, in the patch's order
};
PatchedFiles files_of(std::string_view patch);

/// What a line of added code may not use: the ways to find out who calls, by which a program could tell the
/// measurement from other use. Empty where there is none. Source: swefficiency, commit fa356b7,
/// _introspection_patch_check.py; by words here, where that one parses the file.
std::string introspection_in(std::string_view patch);

}  // namespace ipw::harness
