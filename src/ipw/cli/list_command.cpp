// SPDX-License-Identifier: Apache-2.0
// ipw list: what this program has built in.
#include <fmt/format.h>

#include <array>

#include "ipw/agents/agent.h"
#include "ipw/analysis/analysis.h"
#include "ipw/base/error.h"
#include "ipw/base/module.h"
#include "ipw/cli/commands.h"
#include "ipw/cli/price_option.h"
#include "ipw/clients/client.h"
#include "ipw/datasets/dataset.h"
#include "ipw/evaluation/scorer.h"
#include "ipw/execution/presets.h"
#include "ipw/harness/harness.h"
#include "ipw/prices/prices.h"
#include "ipw/sandbox/workplaces.h"
#include "ipw/servers/server_engines.h"
#include "ipw/telemetry/collectors.h"
#include "ipw/tools/tools.h"

namespace ipw::cli {
namespace {

constexpr Positional kPositionals[] = {
    {"KIND",
     "agents, analyses, clients, collectors, datasets, harnesses, presets, "
     "sandboxes, scorers, servers, tools or all; prices by name only.",
     false}};

constexpr Option kOptions[] = {kPricesOption};

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

std::string rate(const std::optional<double>& usd) {
  return usd ? fmt::format("{:g}", *usd) : "-";
}

/// The rows of one file, by their sources.
std::string price_rows(const std::vector<prices::Price>& rows) {
  std::string out, source;
  for (const auto& row : rows) {
    const auto from =
        fmt::format("{}, read {}", row.source.empty() ? "no source named" : row.source, row.as_of);
    if (from != source) out += fmt::format("\n  {}\n", source = from);
    out += fmt::format("  {:<24} {:>8} {:>8} {:>8} {:>9}", row.model, rate(row.input), rate(row.cached_input),
                       rate(row.output), rate(row.reasoning));
    if (row.up_to_input_tokens) out += fmt::format("  up to {} input tokens", *row.up_to_input_tokens);
    out += '\n';
  }
  return out;
}

std::string price_section(const Values& values, const Context& context) {
  const auto& around = context.around;
  const auto table =
      prices::open_prices(values.text("--prices").value_or(""), around.config_dir, around.data_dir);
  std::string out;
  for (const auto& rows : table.files()) {
    if (rows.empty()) continue;
    out += fmt::format("{}Prices of {}, USD per million tokens:\n  {:<24} {:>8} {:>8} {:>8} {:>9}\n",
                       out.empty() ? "" : "\n", rows.front().file, "model", "input", "cached", "output",
                       "reasoning");
    out += price_rows(rows);
  }
  return out.empty() ? "Prices: none\n" : out;
}

std::string client_section() {
  std::string out = "Clients:\n";
  for (const auto& row : clients::clients())
    out += fmt::format("  {:<20} {}\n{}", row.name, row.summary, obstacle(row.name));
  return out;
}

std::string preset_section() {
  std::string out = "Presets:\n";
  for (const auto& row : execution::presets()) out += fmt::format("  {:<20} {}\n", row.name, row.model);
  return out;
}

struct Section {
  std::string_view name;
  std::string (*print)();
};

constexpr Section kSections[] = {
    {"agents", [] { return section("Agents", agents::agents()); }},
    {"analyses", [] { return section("Analyses", analysis::analyses()); }},
    {"clients", client_section},
    {"collectors", [] { return section("Collectors", telemetry::collectors()); }},
    {"datasets", [] { return section("Datasets", datasets::datasets()); }},
    {"harnesses", [] { return section("Harnesses", harness::harnesses()); }},
    {"presets", preset_section},
    {"sandboxes", [] { return section("Sandboxes", sandbox::workplaces()); }},
    {"scorers", [] { return section("Scorers", evaluation::scorers()); }},
    {"servers", [] { return section("Servers", servers::engines()); }},
    {"tools", [] { return section("Tools", tools::tools()); }},
};

int run(const Values& values, Context& context) {
  const auto kind = values.text("KIND").value_or("all");
  if (kind == "prices") {
    fmt::print("{}", price_section(values, context));
    return 0;
  }
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
    kinds.emplace_back("prices");
    throw_unknown("kind of component", kind, kinds);
  }
  return 0;
}

}  // namespace

const Command kList = {
    "list",   "Show what is built in: clients, datasets, scorers, analyses, collectors, tools, prices.",
    {},       kPositionals,
    kOptions, run};

}  // namespace ipw::cli
