// SPDX-License-Identifier: Apache-2.0
#include "ipw/analysis/efficiency.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "ipw/analysis/format.h"

namespace ipw::analysis {
namespace {

Table domain_table(const RunData& run) {
  Table table;
  table.title = "Energy by domain";
  table.columns = {"domain", "scope", "method", "J/query", "half-width", "J in total", "n"};
  table.right_aligned = {false, false, false, true, true, true, true};
  table.notes = {"domains contain one another; never add them up"};
  for (const auto& d : run.domains) {
    const auto n = static_cast<double>(d.n);
    const bool any = d.n > 0;
    table.rows.push_back(
        {d.domain, d.scope, d.method, any ? number(d.mean_joules) : "-",
         any ? number(d.half_width_joules / n) : "-", any ? number(d.total_joules) : "-",
         d.n == run.rows.size() ? std::to_string(d.n) : fmt::format("{} of {}", d.n, run.rows.size())});
    for (const auto& [reason, count] : d.reasons) {
      table.notes.push_back(fmt::format("{}: no value in {} queries: {}", d.domain, count, reason));
    }
  }
  return table;
}

Table distribution_table(const Efficiency& e) {
  Table table;
  table.title = "Over the queries";
  table.columns = {"metric", "unit", "n", "mean", "p50", "p90", "p99", "max"};
  table.right_aligned = {false, false, true, true, true, true, true, true};
  for (const auto& d : e.distributions) {
    table.rows.push_back({d.label, d.unit, std::to_string(d.of.summary.n), number(d.of.summary.mean),
                          number(d.of.summary.median), number(d.of.p90), number(d.of.p99),
                          number(d.of.summary.max)});
  }
  return table;
}

Json domains_json(const RunData& run) {
  Json out = Json::array();
  for (const auto& d : run.domains) {
    const auto n = static_cast<double>(d.n);
    Json row{{"domain", d.domain}, {"scope", d.scope}, {"method", d.method}, {"rule", d.rule}, {"n", d.n}};
    row["mean_joules"] = d.n > 0 ? Json(d.mean_joules) : Json(nullptr);
    row["stddev_joules"] = d.n > 1 ? Json(std::sqrt(d.squares / (n - 1))) : Json(nullptr);
    row["half_width_joules"] = d.n > 0 ? Json(d.half_width_joules / n) : Json(nullptr);
    row["total_joules"] = d.n > 0 ? Json(d.total_joules) : Json(nullptr);
    row["min_coverage"] = d.n > 0 ? Json(d.min_coverage) : Json(nullptr);
    row["reasons"] = d.reasons;
    out.push_back(std::move(row));
  }
  return out;
}

Json distributions_json(const Efficiency& e) {
  Json out = Json::array();
  for (const auto& d : e.distributions) {
    const auto& s = d.of.summary;
    out.push_back({{"label", d.label},
                   {"unit", d.unit},
                   {"n", s.n},
                   {"mean", s.mean},
                   {"std", s.stddev},
                   {"min", s.min},
                   {"p50", s.median},
                   {"p90", d.of.p90},
                   {"p99", d.of.p99},
                   {"max", s.max}});
  }
  return out;
}

class EfficiencyAnalysis final : public Analysis {
 public:
  Result run(const std::filesystem::path& folder, const std::string& model,
             const Params& options) const override {
    options.allow("analysis 'efficiency'", std::vector<std::string_view>{"seed", "draws"});
    return efficiency_result(read_run(folder, model), precision_from(options));
  }
};

}  // namespace

std::vector<std::string> efficiency_warnings(const RunData& run, const Efficiency& e) {
  std::vector<std::string> out;
  for (const auto& [reason, count] : run.no_energy) {
    out.push_back(fmt::format("{} of {} queries have no energy: {}", count, run.rows.size(), reason));
  }
  if (run.shared_device > 0) {
    out.push_back(fmt::format(
        "{} queries shared the device with others; their energy is a share, or holds that of other programs",
        run.shared_device));
  }
  if (e.joules_per_query.value && run.method == "modelled")
    out.emplace_back("the energy is modelled, not measured");
  return out;
}

Table efficiency_table(std::string title, std::span<const Figure> figures, const Efficiency& e) {
  Table table = figure_table(std::move(title), figures);
  if (e.cost_usd.value)
    table.notes.push_back(fmt::format("cost ${} ({})", number(*e.cost_usd.value), e.cost_usd.method));
  return table;
}

Result efficiency_result(const RunData& run, const Precision& precision) {
  const Efficiency e = efficiency_of(run, precision);
  Result result{.id = "efficiency", .figures = all_figures(e)};
  result.tables = {efficiency_table("Efficiency", result.figures, e), distribution_table(e)};
  if (!run.domains.empty()) result.tables.push_back(domain_table(run));
  result.warnings = efficiency_warnings(run, e);
  Json figures = Json::object();
  for (const auto& f : result.figures) figures[f.label] = to_json(f);
  const Json summary{{"model", run.model},
                     {"scope", run.scope},
                     {"method", run.method},
                     {"queries", run.rows.size()},
                     {"total_energy_j", to_json(e.total_joules)},
                     {"figures", figures}};
  const Json data{{"distributions", distributions_json(e)}, {"domains", domains_json(run)}};
  result.json = pretty_json(
      Json{{"analysis", "efficiency"}, {"summary", summary}, {"warnings", result.warnings}, {"data", data}});
  return result;
}

std::unique_ptr<Analysis> make_efficiency() {
  return std::make_unique<EfficiencyAnalysis>();
}

}  // namespace ipw::analysis
