// SPDX-License-Identifier: Apache-2.0
// The actions of a run as table and JSON.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ipw/analysis/actions.h"
#include "ipw/analysis/format.h"
#include "ipw/records/run_folder.h"

namespace ipw::analysis {
namespace {

/// Joules of the actions and of what was in none: the whole of which a share is told.
double whole_of(const Actions& a) {
  if (a.rest.device_joules) return *a.rest.device_joules;
  double sum = 0;
  for (const auto& cost : a.costs) sum += cost.joules;
  return sum;
}

Figure per_query(const ActionCost& cost, const Actions& a) {
  Figure figure{
      .label = cost.action, .unit = "J", .n = cost.per_query.n(), .of = a.queries, .scope = a.scope};
  if (cost.per_query.n() == 0) return figure;
  figure.value = cost.per_query.mean();
  figure.interval = stats::mean_interval(cost.per_query);
  figure.method = "mean over queries, 95 % by Student's t";
  return figure;
}

bool measured(const ActionCost& cost) {
  return cost.without_energy < cost.count;
}

bool of_model(const ActionCost& cost) {
  return cost.action.starts_with("model") || cost.action.starts_with("submodel ");
}

std::vector<std::string> cells_of(const ActionCost& cost, const Actions& a) {
  const double whole = whole_of(a);
  const bool is_model = of_model(cost);
  return {cost.action,
          std::to_string(cost.count),
          number(cost.seconds),
          measured(cost) ? number(cost.joules) : "-",
          measured(cost) && whole > 0 ? percent(cost.joules / whole) : "-",
          measured(cost) ? value_text(per_query(cost, a)) : "-",
          is_model ? std::to_string(cost.input_tokens) : "-",
          is_model ? std::to_string(cost.output_tokens) : "-",
          cost.with_cost > 0 ? number(cost.cost_usd) : "-"};
}

std::vector<std::string> rest_cells(const char* name, double joules, std::optional<double> seconds,
                                    const Actions& a) {
  const double whole = whole_of(a);
  return {name,
          "-",
          seconds ? number(*seconds) : "-",
          number(joules),
          whole > 0 ? percent(joules / whole) : "-",
          "-",
          "-",
          "-",
          "-"};
}

Table action_table(const Actions& a) {
  Table table;
  table.title = "Energy by action" + (a.scope.empty() ? "" : ", " + a.scope);
  table.columns = {"action",         "n",         "seconds",    "J",  "share",
                   "J/query [95 %]", "tokens in", "tokens out", "USD"};
  table.right_aligned = {false, true, true, true, true, true, true, true, true};
  for (const auto& cost : a.costs) table.rows.push_back(cells_of(cost, a));
  if (a.rest.idle_joules) table.rows.push_back(rest_cells("idle", *a.rest.idle_joules, a.rest.seconds, a));
  if (a.rest.unattributed_joules)
    table.rows.push_back(rest_cells("unattributed", *a.rest.unattributed_joules, std::nullopt, a));
  table.notes = {
      "an action has the energy of its own time, without what was under way below it: rows add up"};
  if (!a.rest.reason.empty()) table.notes.push_back("idle: " + a.rest.reason);
  return table;
}

Table scope_table(const Actions& a) {
  Table table;
  table.title = "Energy by scope, J";
  table.columns = {"action"};
  table.right_aligned = {false};
  std::vector<std::string> names;
  for (const auto& [scope, by_action] : a.by_scope) {
    table.columns.push_back(scope);
    table.right_aligned.push_back(true);
    for (const auto& [name, joules] : by_action)
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  for (const auto& name : names) {
    std::vector<std::string> row{name};
    for (const auto& [scope, by_action] : a.by_scope) {
      const auto it = by_action.find(name);
      row.push_back(it == by_action.end() ? "-" : number(it->second));
    }
    table.rows.push_back(std::move(row));
  }
  table.notes = {"scopes contain one another; never add them up"};
  return table;
}

std::vector<std::string> warnings_of(const Actions& a) {
  std::vector<std::string> out;
  for (const auto& cost : a.costs) {
    if (cost.without_energy > 0)
      out.push_back(fmt::format("{}: {} of {} have no energy", cost.action, cost.without_energy, cost.count));
    if (cost.without_tokens > 0)
      out.push_back(
          fmt::format("{}: {} of {} told no token counts", cost.action, cost.without_tokens, cost.count));
  }
  if (a.other_scope > 0)
    out.push_back(fmt::format("{} actions were measured in another scope", a.other_scope));
  if (a.queries == 0) out.emplace_back("the run holds no query");
  return out;
}

Json cost_json(const ActionCost& cost, const Actions& a) {
  const bool is_model = of_model(cost);
  const double whole = whole_of(a);
  return {{"action", cost.action},
          {"count", cost.count},
          {"seconds", cost.seconds},
          {"joules", measured(cost) ? Json(cost.joules) : Json(nullptr)},
          {"half_width_joules", measured(cost) ? Json(cost.half_width_joules) : Json(nullptr)},
          {"share", measured(cost) && whole > 0 ? Json(cost.joules / whole) : Json(nullptr)},
          {"per_query", to_json(per_query(cost, a))},
          {"without_energy", cost.without_energy},
          {"input_tokens", is_model ? Json(cost.input_tokens) : Json(nullptr)},
          {"output_tokens", is_model ? Json(cost.output_tokens) : Json(nullptr)},
          {"without_tokens", cost.without_tokens},
          {"cost_usd", cost.with_cost > 0 ? Json(cost.cost_usd) : Json(nullptr)}};
}

class ActionsAnalysis final : public Analysis {
 public:
  Result run(const std::filesystem::path& folder, const std::string& model,
             const Params& options) const override {
    options.allow("analysis 'actions'", std::vector<std::string_view>{});
    const auto reader = records::open_run(folder, model);
    ActionCollector collector;
    for (records::QueryRecord record; reader->next(record); record = {}) collector.add(record);
    return actions_result(std::move(collector).finish(records::read_summary(folder)), reader->model());
  }
};

}  // namespace

Result actions_result(const Actions& a, const std::string& model) {
  Result result{.id = "actions"};
  Json rows = Json::array();
  double joules = 0;
  for (const auto& cost : a.costs) {
    if (measured(cost)) result.figures.push_back(per_query(cost, a));
    rows.push_back(cost_json(cost, a));
    joules += cost.joules;
  }
  result.tables = {action_table(a)};
  if (a.by_scope.size() > 1) result.tables.push_back(scope_table(a));
  result.warnings = warnings_of(a);
  const Json summary{{"model", model},
                     {"scope", a.scope},
                     {"queries", a.queries},
                     {"queries_with_all_energies", a.whole},
                     {"task_seconds", a.seconds},
                     {"task_joules", a.scope.empty() ? Json(nullptr) : Json(joules)},
                     {"device_joules", to_json(a.rest.device_joules)},
                     {"idle_joules", to_json(a.rest.idle_joules)},
                     {"unattributed_joules", to_json(a.rest.unattributed_joules)},
                     {"idle_seconds", to_json(a.rest.seconds)},
                     {"rest_reason", a.rest.reason}};
  result.json = pretty_json(Json{{"analysis", "actions"},
                                 {"summary", summary},
                                 {"warnings", result.warnings},
                                 {"data", {{"actions", rows}, {"joules_by_scope", a.by_scope}}}});
  return result;
}

std::unique_ptr<Analysis> make_actions() {
  return std::make_unique<ActionsAnalysis>();
}

}  // namespace ipw::analysis
