// SPDX-License-Identifier: Apache-2.0
#include "ipw/analysis/task_statistics.h"

#include <algorithm>
#include <compare>
#include <nlohmann/json.hpp>
#include <tuple>

#include "ipw/analysis/format.h"
#include "ipw/analysis/sections.h"

namespace ipw::analysis {
namespace {

using Value = std::optional<double>;
using Getter = Value (*)(const QueryRow&);

Value ratio(Value a, Value b) {
  return a && b && *b > 0 ? Value(*a / *b) : std::nullopt;
}

struct Metric {
  const char* key;
  Getter value;
};

constexpr Metric kMetrics[] = {
    {"wall_clock_s", [](const QueryRow& r) { return r.seconds > 0 ? Value(r.seconds) : std::nullopt; }},
    {"gpu_energy_joules", [](const QueryRow& r) { return r.gpu_joules; }},
    {"cpu_energy_joules", [](const QueryRow& r) { return r.cpu_joules; }},
    {"gpu_power_watts", [](const QueryRow& r) { return ratio(r.gpu_joules, r.seconds); }},
    {"cpu_power_watts", [](const QueryRow& r) { return ratio(r.cpu_joules, r.seconds); }},
    {"input_tokens", [](const QueryRow& r) { return r.input_tokens; }},
    {"output_tokens", [](const QueryRow& r) { return r.output_tokens; }},
    {"total_tokens", [](const QueryRow& r) { return r.total_tokens(); }},
    {"throughput_tokens_per_sec", [](const QueryRow& r) { return r.tokens_per_second(); }},
    {"energy_per_token_joules", [](const QueryRow& r) { return ratio(r.gpu_joules, r.output_tokens); }},
    {"cost_usd", [](const QueryRow& r) { return r.cost_usd; }},
    {"turns", [](const QueryRow& r) { return r.turns; }},
    {"tool_calls", [](const QueryRow& r) { return r.tool_calls; }},
};

Json metric_json(const RunData& run, Getter value) {
  const auto of = describe(run.rows, value);
  if (!of) return nullptr;
  stats::Moments moments;
  for (const auto& row : run.rows)
    if (const auto v = value(row)) moments.add(*v);
  const auto interval = stats::mean_interval(moments);
  const auto& s = of->summary;
  return {{"n", s.n},
          {"avg", s.mean},
          {"low", interval ? Json(interval->low) : Json(nullptr)},
          {"high", interval ? Json(interval->high) : Json(nullptr)},
          {"median", s.median},
          {"min", s.min},
          {"max", s.max},
          {"std", s.stddev},
          {"p90", of->p90},
          {"p99", of->p99}};
}

/// Total order of the rows by time; equal times are told apart by the question, which is the same on every
/// machine.
auto order_of(const QueryRow& row) {
  return std::tuple(row.seconds, row.question, static_cast<std::int64_t>(row.sample));
}
using Order = decltype(order_of(QueryRow{}));

struct Sortable {
  double seconds;
  std::uint64_t question;
  std::int64_t sample;
  Order order() const { return {seconds, question, sample}; }
  auto operator<=>(const Sortable&) const = default;
};

constexpr double kTrimmed = 0.05;
constexpr std::size_t kFewestTrimmed = 4;

std::size_t trimmed_at_each_end(std::size_t n) {
  return std::max<std::size_t>(1, static_cast<std::size_t>(kTrimmed * static_cast<double>(n)));
}

/// The first and the last that stay.
std::pair<Order, Order> bounds_of(const RunData& run) {
  ExternalSorter<Sortable> sorter(run.rows.scratch());
  for (const auto& row : run.rows) sorter.add({row.seconds, row.question, row.sample});
  sorter.sort();
  const auto k = trimmed_at_each_end(run.rows.size());
  std::pair<Order, Order> out;
  Sortable at{};
  for (std::size_t i = 0; sorter.next(at); ++i) {
    if (i == k) out.first = at.order();
    if (i + k + 1 == run.rows.size()) out.second = at.order();
  }
  return out;
}

Estimand ratio_of_sums(const char* label, Getter a, Getter b) {
  return {label, "J",
          [a, b](const QueryRow& row) {
            const Value top = a(row), bottom = b(row);
            return top && bottom ? Terms{top, bottom} : Terms{};
          },
          true};
}

Json described(Json json, const char* what, const RunData& run, const RunData& trimmed) {
  json["_description"] = what;
  json["_outliers_removed"] = {{"top_pct", 5},
                               {"bottom_pct", 5},
                               {"queries_before", run.rows.size()},
                               {"queries_after", trimmed.rows.size()}};
  return json;
}

Json averages(const RunData& run) {
  const auto mean = [&](Getter value) {
    const auto of = describe(run.rows, value);
    return of ? Json(of->summary.mean) : Json(nullptr);
  };
  return {{"turns_per_query", mean([](const QueryRow& r) { return r.turns; })},
          {"wall_clock_per_query_s", mean([](const QueryRow& r) { return Value(r.seconds); })},
          {"gpu_energy_per_query_joules", mean([](const QueryRow& r) { return r.gpu_joules; })}};
}

}  // namespace

bool has_tasks(const RunData& run) {
  return std::ranges::any_of(run.rows.begin(), run.rows.end(),
                             [](const QueryRow& row) { return row.turns.has_value(); });
}

std::vector<Figure> unit_figures(const RunData& run, const Precision& precision) {
  const auto e = efficiency_of(run, precision);
  constexpr Getter kJoules = [](const QueryRow& r) { return r.joules; };
  const auto turn = ratio_of_sums("energy per turn", kJoules, [](const QueryRow& r) { return r.turns; });
  const auto second = ratio_of_sums("energy per second", kJoules, [](const QueryRow& r) {
    return r.seconds > 0 ? Value(r.seconds) : std::nullopt;
  });
  return {e.joules_per_query,        estimate(run, turn, precision),   e.joules_per_total_token,
          e.joules_per_output_token, estimate(run, second, precision), e.joules_per_correct};
}

Json task_statistics(const RunData& run) {
  Json json = Json::object();
  for (const auto& [key, value] : kMetrics) json[key] = metric_json(run, value);
  return json;
}

std::optional<RunData> without_extremes(const RunData& run) {
  if (run.rows.size() < kFewestTrimmed) return std::nullopt;
  const auto [low, high] = bounds_of(run);
  RunData out = run;
  out.rows = Rows(run.rows.scratch());
  for (const auto& row : run.rows)
    if (order_of(row) >= low && order_of(row) <= high) out.rows.push_back(row);
  return out;
}

Json task_sections(const RunData& run, const Precision& precision) {
  Json units = Json::object();
  for (const auto& figure : unit_figures(run, precision)) units[figure.label] = to_json(figure);
  Json json{{"averages", averages(run)}, {"per_unit", units}};
  const auto trimmed = without_extremes(run);
  json["normalized_statistics"] =
      trimmed ? described(task_statistics(*trimmed), "without the fastest and the slowest twentieth", run,
                          *trimmed)
              : Json(nullptr);
  json["normalized_efficiency"] =
      trimmed ? described(efficiency_section(efficiency_of(*trimmed, precision)),
                          "without the fastest and the slowest twentieth", run, *trimmed)
              : Json(nullptr);
  return json;
}

}  // namespace ipw::analysis
