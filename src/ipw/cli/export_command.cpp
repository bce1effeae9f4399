// SPDX-License-Identifier: Apache-2.0
// ipw export: the tasks of a run in the forms that other programs read.
#include <fmt/format.h>

#include "ipw/base/error.h"
#include "ipw/cli/commands.h"
#include "ipw/records/exports.h"

namespace ipw::cli {
namespace {

constexpr Positional kPositionals[] = {{"DIR", "The folder of a run of `ipw run`.", true}};

constexpr Option kOptions[] = {
    {"--format", "LIST", "atif,hf,jsonl,otel", "Which forms, with commas between.", Kind::Text},
};

int run(const Values& values, Context&) {
  const std::filesystem::path folder = values.text("DIR").value_or("");
  if (!std::filesystem::is_directory(folder))
    throw Error(ErrorCode::Usage, fmt::format("{} is not a folder", folder.string()),
                "give the folder of a run, such as runs/run_...");
  for (const auto* form : records::find_exports(values.text("--format").value_or("atif,hf,jsonl,otel"))) {
    const auto tasks = form->write(folder);
    if (tasks == 0)
      throw Error(ErrorCode::NotFound, fmt::format("{} holds no tasks of an agent", folder.string()),
                  "only runs of `ipw run` have spans");
    fmt::print("{:<6} {} tasks: {}\n", form->name, tasks, form->summary);
  }
  return 0;
}

}  // namespace

const Command kExport = {
    "export",
    "Write the tasks of an agents' run in the forms that other programs read.",
    "All forms are made from the run's journal and can be made again at any time. traces.jsonl and "
    "hf_dataset/ are those of the original,\n"
    "trajectories/ are for viewers and trainers that read ATIF, otlp_traces.jsonl for any backend of "
    "OpenTelemetry.\n\n"
    "Examples:\n"
    "  ipw export runs/run_...\n"
    "  ipw export runs/run_... --format otel",
    kPositionals,
    kOptions,
    run};

}  // namespace ipw::cli
