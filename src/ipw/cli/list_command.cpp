// SPDX-License-Identifier: Apache-2.0
// ipw list: what this program has built in.
#include <fmt/format.h>

#include <array>

#include "ipw/analysis/analysis.h"
#include "ipw/base/error.h"
#include "ipw/base/module.h"
#include "ipw/cli/commands.h"
#include "ipw/clients/client.h"
#include "ipw/datasets/dataset.h"
#include "ipw/evaluation/scorer.h"
#include "ipw/telemetry/collectors.h"

namespace ipw::cli {
namespace {

constexpr Positional kPositionals[] = {
    {"KIND", "analyses, clients, collectors, datasets, scorers or all.", false}};

template <class Row>
std::string section(std::string_view title, std::span<const Row> rows) {
  std::string out = fmt::format("{}:\n", title);
  for (const auto& row : rows) out += fmt::format("  {:<20} {}\n", row.name, row.summary);
  return out;
}

/// Why a client cannot run here and what to do, empty where it can (defect K1).
std::string obstacle(std::string_view client) {
  const auto part = clients::module_of(client);
  if (part.empty()) return {};
  try {
    open_module(part);
    return {};
  } catch (const Error& error) {
    return fmt::format("  {:<20} not available: the part '{}' cannot be loaded; {}\n", "", part,
                       error.hint());
  }
}

std::string client_section() {
  std::string out = "Clients:\n";
  for (const auto& row : clients::clients())
    out += fmt::format("  {:<20} {}\n{}", row.name, row.summary, obstacle(row.name));
  return out;
}

struct Section {
  std::string_view name;
  std::string (*print)();
};

constexpr Section kSections[] = {
    {"analyses", [] { return section("Analyses", analysis::analyses()); }},
    {"clients", client_section},
    {"collectors", [] { return section("Collectors", telemetry::collectors()); }},
    {"datasets", [] { return section("Datasets", datasets::datasets()); }},
    {"scorers", [] { return section("Scorers", evaluation::scorers()); }},
};

int run(const Values& values, Context&) {
  const auto kind = values.text("KIND").value_or("all");
  bool known = kind == "all";
  for (bool first = true; const auto& [name, print] : kSections) {
    if (kind != "all" && kind != name) continue;
    fmt::print("{}{}", first ? "" : "\n", print());
    first = false;
    known = true;
  }
  if (!known) {
    std::vector<std::string_view> kinds = {"all"};
    for (const auto& s : kSections) kinds.push_back(s.name);
    throw_unknown("kind of component", kind, kinds);
  }
  return 0;
}

}  // namespace

const Command kList = {"list", "Show what is built in: clients, datasets, scorers, analyses, collectors.",
                       {},     kPositionals,
                       {},     run};

}  // namespace ipw::cli
