// SPDX-License-Identifier: Apache-2.0
// What a question's metadata tells its scorer.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ipw::evaluation {

/// The keys that rules read: `aliases` and `rivals` (lists of text), `pattern` (text), `tolerance` (number >=
/// 0).
struct TaskMetadata {
  std::vector<std::string> aliases, rivals;
  std::optional<std::string> pattern;
  std::optional<double> tolerance;
  std::string problem;  ///< why the metadata cannot be used, or empty
};

/// Read the keys from a JSON object text; empty text has none. Never throws.
TaskMetadata read_task_metadata(std::string_view json);

}  // namespace ipw::evaluation
