// SPDX-License-Identifier: Apache-2.0
// ipw analyze: compute an analysis of a run folder, of ours or of the original.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ipw/analysis/analysis.h"
#include "ipw/base/error.h"
#include "ipw/base/json.h"
#include "ipw/cli/commands.h"
#include "ipw/records/run_folder.h"
#include "ipw/report/report.h"

namespace ipw::cli {
namespace {

constexpr Positional kPositionals[] = {{"DIR", "A run folder, of ipw or of the original suite."}};

constexpr Option kOptions[] = {
    {"--analysis", "ID", "accuracy", "Which analysis; `ipw list analyses` shows them."},
    {"--model", "NAME", "the only one", "Which model, where the folder holds several."},
    {"--option", "KEY=VALUE", "", "A parameter of the analysis.", Kind::List},
    {"--verbose", "", "", "Print the data as JSON too.", Kind::Flag},
    {"--json", "", "", "Print only the data, as JSON.", Kind::Flag},
    {"--dry-run", "", "", "Do not write analysis/ID.json into the folder.", Kind::Flag},
};

int run(const Values& values, Context& context) {
  const std::filesystem::path folder = values.text("DIR").value_or("");
  const auto& row = require("analysis", analysis::analyses(), values.text("--analysis").value_or("accuracy"));
  const auto result = row.make()->run(folder, values.text("--model").value_or(""), values.params("--option"));
  const auto data = parse_json(result.json).value();
  if (!values.has("--dry-run")) records::write_analysis(folder, result.id, data);
  if (!values.has("--json"))
    fmt::print("{}",
               report::render_console(result, {static_cast<std::size_t>(context.width), context.color}));
  if (values.has("--json") || values.has("--verbose")) fmt::print("{}", pretty_json(data));
  return 0;
}

}  // namespace

const Command kAnalyze = {"analyze",
                          "Compute an analysis of a run folder.",
                          "Reads finished and unfinished runs, and folders written by the original suite.\n\n"
                          "Example:\n  ipw analyze runs/profile_... --analysis efficiency",
                          kPositionals,
                          kOptions,
                          run};

}  // namespace ipw::cli
