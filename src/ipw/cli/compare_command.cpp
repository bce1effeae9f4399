// SPDX-License-Identifier: Apache-2.0
// ipw compare: several runs side by side.
#include <fmt/format.h>

#include "ipw/analysis/analysis.h"
#include "ipw/cli/commands.h"
#include "ipw/report/report.h"

namespace ipw::cli {
namespace {

constexpr Positional kPositionals[] = {
    {"DIR", "Run folders; the first is the one that others are compared with.", true, true}};
constexpr Option kOptions[] = {{"--json", "", "", "Print JSON.", Kind::Flag}};

int run(const Values& values, Context& context) {
  std::vector<std::filesystem::path> folders;
  for (const auto& folder : values.list("DIR")) folders.emplace_back(folder);
  const auto result = analysis::compare(folders);
  if (values.has("--json"))
    fmt::print("{}\n", result.json);
  else
    fmt::print("{}",
               report::render_console(result, {static_cast<std::size_t>(context.width), context.color}));
  return 0;
}

}  // namespace

const Command kCompare = {"compare", "Show several runs side by side: accuracy, joules, watts, IPJ, IPW.",
                          {},        kPositionals,
                          kOptions,  run};

}  // namespace ipw::cli
