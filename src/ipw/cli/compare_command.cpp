// SPDX-License-Identifier: Apache-2.0
// ipw compare: several runs side by side.
#include <fmt/format.h>

#include "ipw/analysis/analysis.h"
#include "ipw/cli/commands.h"
#include "ipw/report/report.h"

namespace ipw::cli {
namespace {

constexpr Positional kPositionals[] = {
    {"DIR", "Run folders; the first row is the one that others are compared with.", true, true}};
constexpr Option kOptions[] = {
    {"--as-given", "", "", "Keep the order of the command line also where it is that of the alphabet.",
     Kind::Flag},
    {"--json", "", "", "Print JSON.", Kind::Flag}};

int run(const Values& values, Context& context) {
  std::vector<std::filesystem::path> folders;
  for (const auto& folder : values.list("DIR")) folders.emplace_back(folder);
  if (!values.has("--as-given")) folders = analysis::comparison_order(std::move(folders));
  const auto result = analysis::compare(folders);
  if (values.has("--json"))
    fmt::print("{}\n", result.json);
  else
    fmt::print("{}",
               report::render_console(result, {static_cast<std::size_t>(context.width), context.color}));
  return 0;
}

}  // namespace

const Command kCompare = {
    "compare",
    "Show several runs side by side: accuracy, joules, watts, IPJ, IPW.",
    "Rows stand in the order of the command line. Folders in the order of the alphabet, as a shell's\n"
    "patterns give them, are put in natural order: tiny-36k before tiny-360k. On a narrow console the\n"
    "columns stand in blocks below each other; each begins with the model.",
    kPositionals,
    kOptions,
    run};

}  // namespace ipw::cli
