// SPDX-License-Identifier: Apache-2.0
// ipw merge: the folders of shards as one.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/analysis/bench_results.h"
#include "ipw/base/say.h"
#include "ipw/cli/commands.h"
#include "ipw/cli/run_request.h"
#include "ipw/execution/merge.h"

namespace ipw::cli {
namespace {

constexpr Positional kPositionals[] = {
    {"OUT", "Where the merged folder is made, as --output-dir of a run."},
    {"DIR", "Run folders of shards, or folders that were merged from some of them.", true, true}};

constexpr Option kOptions[] = {
    {"--overwrite", "", "", "Replace the merged folder if it exists.", Kind::Flag},
    {"--json", "", "", "Print summary.json on standard output instead of tables.", Kind::Flag},
};

/// A merged bench has its results.json too: the metadata of its first shard, the figures of all.
void write_results(const execution::MergeOutcome& outcome) {
  const auto shards = outcome.run.folder / "parts";
  std::vector<std::filesystem::path> files;
  for (const auto& part : std::filesystem::directory_iterator(shards))
    if (std::filesystem::exists(part.path() / "results.json")) files.push_back(part.path() / "results.json");
  if (files.empty()) return;
  std::ranges::sort(files);
  const auto first = read_json_file(files.front().string());
  auto metadata = first.value("run_metadata", Json::object());
  metadata["merged_from"] = files.size();
  analysis::write_bench_results(outcome.run.folder, outcome.model, metadata,
                                {first.contains("action_breakdown"), first.contains("flops")});
}

int run(const Values& values, Context& context) {
  execution::MergeRequest request;
  request.output_dir = values.text("OUT").value_or("");
  for (const auto& folder : values.list("DIR")) request.folders.emplace_back(folder);
  request.overwrite = values.has("--overwrite");
  auto outcome = execution::merge(request, context.around.clock.wall());
  if (outcome.missing.empty())
    say("merged: all {} shards\n", outcome.shards);
  else
    say("merged: {} of {} shards; missing: {}\n", outcome.shards - outcome.missing.size(), outcome.shards,
        fmt::join(outcome.missing, ", "));
  outcome.run.interrupted = false;  // that is a reason of the verdict here, and not what happened now
  const int status = tell_run(outcome.run, outcome.model, values, context);
  write_results(outcome);
  return status;
}

}  // namespace

const Command kMerge = {
    "merge",
    "Join the run folders of shards into one, as if the run had not been sharded.",
    "The folders must be of one configuration that differs in --shard alone. Order and grouping make no "
    "difference: merged folders can be merged again.\n"
    "A shard that was interrupted is first finished by its own --resume. The verdict says which shards are "
    "missing.\n\n"
    "Example:\n"
    "  ipw merge runs runs/profile_AMD_echo_ipw_tiny_shard1of2 runs/profile_AMD_echo_ipw_tiny_shard2of2",
    kPositionals,
    kOptions,
    run};

}  // namespace ipw::cli
