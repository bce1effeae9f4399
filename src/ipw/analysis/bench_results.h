// SPDX-License-Identifier: Apache-2.0
// results.json of `ipw bench`: the original's keys (original-formats.md 2.8), from a run folder alone.
#pragma once
#include <filesystem>
#include <string>

#include "ipw/base/json.h"

namespace ipw::analysis {

struct BenchChoice {
  bool per_action = false;  ///< list every action of every query
  bool flops = false;       ///< estimate operations, here and in traces.jsonl and summary.json
};

/// Write results.json; with flops, also into summary.json and traces.jsonl. `metadata`: run_metadata. The
/// list of actions is written as it is read, so that memory does not grow. Throws Error.
void write_bench_results(const std::filesystem::path& folder, const std::string& model, const Json& metadata,
                         const BenchChoice& choice);

}  // namespace ipw::analysis
