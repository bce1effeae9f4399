// SPDX-License-Identifier: Apache-2.0
#include "ipw/analysis/actions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "ipw/analysis/run.h"
#include "ipw/records/run_folder.h"

namespace ipw::analysis {
namespace {

constexpr std::string_view kScopes[] = {"accelerator", "package", "dram", "module", "psys", "wall", "host"};

std::string action_name(const records::Span& span) {
  if (span.kind == "tool" || span.kind == "submodel") return span.kind + " " + span.name;
  return span.kind == "task" ? "agent" : span.kind;
}

/// A query that was asked without an agent, as the span of its one call.
records::Span span_of(const records::QueryRecord& r) {
  records::Span span;
  span.kind = "model";
  span.begin_seconds = r.started_seconds;
  span.own_seconds = r.latency.total_seconds;
  span.end_seconds = span.begin_seconds + span.own_seconds;
  span.energy = r.energy;
  span.prefill = r.prefill;
  span.decode = r.decode;
  span.tokens = r.tokens;
  span.cost = r.cost;
  span.failure = r.failure;
  return span;
}

/// Phases that are not the whole call are not told apart from it, so that the rows add up.
bool adds_up(const records::Span& span, double joules) {
  if (!span.prefill.joules || !span.decode.joules) return false;
  return std::abs(*span.prefill.joules + *span.decode.joules - joules) <= 1e-6 * std::max(joules, 1e-9);
}

std::vector<records::Span> spans_of(const records::QueryRecord& record) {
  if (record.spans.empty()) return {span_of(record)};
  return record.spans;
}

/// The domains of a scope that stand in sums: no second source of what another one measures.
std::set<std::string> domains_of(const Json& card, const std::string& scope) {
  std::set<std::string> out;
  const Json& domains = member(card, "domains");
  for (const auto& domain : domains)
    if (domain.value("scope", "") == scope && domain.value("alternative_to", "").empty())
      out.insert(domain.value("name", ""));
  return out;
}

/// Sum of a key over the entries of these domains; absent where one of them has none.
std::optional<double> sum_of(const Json& entries, const std::set<std::string>& domains, const char* key) {
  double sum = 0;
  std::size_t found = 0;
  for (const auto& entry : entries) {
    if (!domains.contains(entry.value("domain", ""))) continue;
    const Json& value = member(entry, key);
    if (!value.is_number()) return std::nullopt;
    sum += value.get<double>();
    ++found;
  }
  return found > 0 && found == domains.size() ? std::optional(sum) : std::nullopt;
}

bool is_watched(const records::Span& span, std::string_view scope) {
  return std::ranges::any_of(span.energy, [&](const auto& e) { return e.scope == scope; });
}

/// The energy of a span and all below it; unknown where one of them is.
struct Below {
  std::optional<double> joules;
  bool lost = false;
  void add(std::optional<double> more, bool is_lost) {
    lost = lost || is_lost;
    if (more) joules = joules.value_or(0) + *more;
  }
  std::optional<double> sum() const { return lost ? std::nullopt : joules; }
};

double tasks_joules(const Actions& actions) {
  double sum = 0;
  for (const auto& cost : actions.costs) sum += cost.joules;
  return sum;
}

/// A resumed run knows the device of its last part alone. Folders of before that was written tell it where
/// the tasks took more than the device.
void refuse_part(Rest& rest, double tasks, const Json& done_before) {
  constexpr double kRounding = 1e-6;
  const bool resumed = done_before.is_number() && done_before.get<double>() > 0;
  if (!rest.device_joules || (!resumed && tasks <= *rest.device_joules * (1 + kRounding))) return;
  rest = {};
  rest.reason = "the device was watched for a part of the run only: it was resumed";
}

Rest rest_of(const Actions& actions, const Json& summary) {
  Rest rest;
  if (actions.scope.empty() || !summary.is_object() || !summary.contains("telemetry")) {
    rest.reason = actions.scope.empty() ? "no energy was measured" : "the run was not finished";
    return rest;
  }
  const Json card = member(summary, "telemetry"), account = member(summary, "attribution");
  const auto domains = domains_of(card, actions.scope);
  const double tasks = tasks_joules(actions);
  if (account.is_object()) {
    rest.device_joules = sum_of(member(account, "domains"), domains, "device_joules");
    rest.idle_joules = sum_of(member(account, "domains"), domains, "idle_joules");
    rest.unattributed_joules = sum_of(member(account, "domains"), domains, "unattributed_joules");
  } else if (const auto device = device_joules(card, actions.scope)) {
    rest.device_joules = device;
    rest.idle_joules = std::max(0.0, *device - tasks);  // one task at a time: what is in none is between them
    const Json& seconds = member(member(summary, "totals"), "wall_clock_s");
    if (seconds.is_number()) rest.seconds = std::max(0.0, seconds.get<double>() - actions.seconds);
  }
  refuse_part(rest, tasks, member(member(summary, "totals"), "done_before_resume"));
  if (!rest.device_joules && rest.reason.empty()) rest.reason = "the energy of the whole run is not known";
  return rest;
}

}  // namespace

std::optional<double> device_joules(const Json& card, const std::string& scope) {
  return sum_of(member(card, "run"), domains_of(card, scope), "joules");
}

/// The part of a span that one row counts.
struct ActionCollector::Piece {
  std::string action;
  double seconds = 0;
  std::optional<double> joules;
  double half_width = 0;
  bool input = false, output = false;  ///< whose tokens and money it has
};

ActionCost& ActionCollector::cost_of(const std::string& action) {
  const bool full = places_.size() >= kMostReasons && !places_.contains(action);
  const std::string name = full ? "other tools" : action;
  const auto [it, added] = places_.try_emplace(name, out_.costs.size());
  if (added) {
    out_.costs.emplace_back();
    out_.costs.back().action = name;
    for (std::size_t i = 0; i < out_.whole; ++i) out_.costs.back().per_query.add(0);
  }
  return out_.costs[it->second];
}

void ActionCollector::put(const Piece& piece, const records::Span& span) {
  auto& cost = cost_of(piece.action);
  ++cost.count;
  cost.seconds += piece.seconds;
  if (piece.joules) {
    cost.joules += *piece.joules;
    cost.half_width_joules += piece.half_width;
    of_query_[cost.action] += *piece.joules;
  } else {
    ++cost.without_energy;
    whole_ = false;
  }
  if (records::is_model(span)) {
    if ((piece.input && !span.tokens.input) || (piece.output && !span.tokens.output)) ++cost.without_tokens;
    if (piece.input) cost.input_tokens += span.tokens.input.value_or(0);
    if (piece.output) cost.output_tokens += span.tokens.output.value_or(0);
  }
  if (!span.cost) return;
  ++cost.with_cost;
  if (piece.input) cost.cost_usd += span.cost->input_usd + span.cost->cached_usd;
  if (piece.output) cost.cost_usd += span.cost->output_usd + span.cost->reasoning_usd;
}

void ActionCollector::take(const records::Span& span) {
  // What takes no time of its own has no window and no energy, and needs none.
  const bool empty = span.energy.empty() && span.own_seconds <= 0;
  auto headline = records::headline_energy(span.energy);
  if (out_.scope.empty()) out_.scope = headline.joules ? headline.scope : "";
  if (headline.joules && headline.scope != out_.scope) {
    headline.joules.reset();
    ++out_.other_scope;
  }
  const std::string whole_name = action_name(span);
  for (const auto scope : kScopes)
    if (const auto joules = records::scope_energy(span.energy, std::string(scope)).joules)
      out_.by_scope[std::string(scope)][whole_name] += *joules;
  const bool parted = headline.joules && span.kind == "model" && adds_up(span, *headline.joules);
  if (!parted)
    return put({whole_name, span.own_seconds, empty ? std::optional(0.0) : headline.joules,
                headline.half_width_joules, true, true},
               span);
  const double prefill_seconds = span.prefill.seconds.value_or(0);
  put({"model prefill", prefill_seconds, span.prefill.joules, span.prefill.half_width_joules.value_or(0),
       true, false},
      span);
  put({"model decode", span.own_seconds - prefill_seconds, span.decode.joules,
       span.decode.half_width_joules.value_or(0), false, true},
      span);
}

void ActionCollector::add(const records::QueryRecord& record) {
  of_query_.clear();
  whole_ = true;
  for (const auto& span : spans_of(record)) take(span);
  ++out_.queries;
  out_.seconds += record.latency.total_seconds;
  if (!whole_) return;
  for (auto& cost : out_.costs) {
    const auto it = of_query_.find(cost.action);
    cost.per_query.add(it == of_query_.end() ? 0 : it->second);
  }
  ++out_.whole;
}

Actions ActionCollector::finish(const Json& summary) && {
  out_.rest = rest_of(out_, summary);
  return std::move(out_);
}

std::vector<Action> actions_of(const records::QueryRecord& record) {
  const auto spans = spans_of(record);
  std::map<std::int64_t, std::pair<Below, Below>> below;
  std::map<std::int64_t, std::optional<std::int64_t>> parents;
  std::vector<Action> out;
  for (const auto& span : spans) {
    parents[span.id] = span.parent;
    Action a{action_name(span),  record.query_id,  span.id,         span.parent,
             span.begin_seconds, span.end_seconds, span.own_seconds};
    a.gpu_joules = records::scope_energy(span.energy, "accelerator").joules;
    a.cpu_joules = records::scope_energy(span.energy, "package").joules;
    a.gpu_lost = !a.gpu_joules && is_watched(span, "accelerator");
    a.cpu_lost = !a.cpu_joules && is_watched(span, "package");
    a.tokens = span.tokens;
    if (span.cost) a.cost_usd = span.cost->total_usd;
    if (span.failure) a.failure = span.failure->kind + ": " + span.failure->message;
    out.push_back(std::move(a));
  }
  for (const auto& a : out)
    for (std::optional<std::int64_t> at = a.span; at;
         at = parents.contains(*at) ? parents[*at] : std::nullopt) {
      auto& [gpu, cpu] = below[*at];
      gpu.add(a.gpu_joules, a.gpu_lost);
      cpu.add(a.cpu_joules, a.cpu_lost);
      if (parents[*at] == at) break;  // a span that is its own parent was not written by us
    }
  for (auto& a : out) {
    a.inclusive_gpu_joules = below[a.span].first.sum();
    a.inclusive_cpu_joules = below[a.span].second.sum();
  }
  return out;
}

}  // namespace ipw::analysis
