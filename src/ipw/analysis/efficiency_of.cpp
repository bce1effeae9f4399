// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ipw/analysis/efficiency.h"
#include "ipw/base/text.h"

namespace ipw::analysis {
namespace {

using Value = std::optional<double>;
using Getter = std::function<Value(const QueryRow&)>;

constexpr auto kJoules = [](const QueryRow& r) { return r.joules; };
constexpr auto kWatts = [](const QueryRow& r) { return r.watts(); };
constexpr auto kSeconds = [](const QueryRow& r) -> Value {
  return r.seconds > 0 ? Value(r.seconds) : std::nullopt;
};

/// The sum of a over the sum of b, over queries that have both.
Estimand ratio_of(std::string label, std::string unit, Getter a, Getter b, bool from_energy) {
  Estimand what = mean_of(std::move(label), std::move(unit), a, from_energy);
  what.terms = [a = std::move(a), b = std::move(b)](const QueryRow& row) {
    const Value top = a(row), bottom = b(row);
    return top && bottom ? Terms{top, bottom} : Terms{};
  };
  return what;
}

/// Accuracy over a mean: each over the queries that have it, drawn together.
Figure intelligence(const RunData& run, const Figure& accuracy, const char* label, const char* unit,
                    const Getter& cost, const Precision& precision) {
  Estimand what = mean_of(label, unit, score, true);
  what.terms = [cost](const QueryRow& row) { return Terms{score(row), cost(row)}; };
  what.missing = accuracy.value ? "no energy" : "no query is scored";
  Figure figure = estimate(run, what, precision);
  // Draws of equal scores show no spread; at 0 and 1 Wilson's interval of the accuracy stands in.
  const bool at_an_end = accuracy.value && (*accuracy.value == 0 || *accuracy.value == 1);
  if (!figure.value || !at_an_end || accuracy.n == 0) return figure;
  const auto n = accuracy.n;
  const auto wilson = *stats::wilson(*accuracy.value == 1 ? n : 0, n);
  const Figure mean = estimate(run, mean_of(label, unit, cost, true), precision);
  if (!figure.interval || !mean.value) return figure;
  figure.interval->low = std::min(figure.interval->low, wilson.low / *mean.value);
  figure.interval->high = std::max(figure.interval->high, wilson.high / *mean.value);
  return figure;
}

/// Joules per correct answer are 1 / IPJ, so that the two never disagree.
Figure reciprocal(Figure ipj) {
  ipj.label = "energy per correct answer";
  ipj.unit = "J";
  if (!ipj.value) return ipj;
  if (*ipj.value == 0) {
    ipj.value = std::nullopt;
    ipj.interval = std::nullopt;
    ipj.reason = "no correct answer";
    return ipj;
  }
  ipj.value = 1 / *ipj.value;
  if (ipj.interval && ipj.interval->low > 0) {
    ipj.interval = {1 / ipj.interval->high, 1 / ipj.interval->low};
  } else {
    ipj.interval = std::nullopt;
    ipj.reason = "the interval has no upper end";
  }
  return ipj;
}

std::vector<Distribution> distributions_of(const RunData& run) {
  const std::vector<std::tuple<const char*, const char*, Getter>> metrics{
      {"energy", "J", kJoules},
      {"power", "W", kWatts},
      {"latency", "s", kSeconds},
      {"TTFT", "s", [](const QueryRow& r) { return r.ttft_seconds; }},
      {"ITL (median of a query)", "s", [](const QueryRow& r) { return r.itl_median_seconds; }},
      {"TPOT", "s", [](const QueryRow& r) { return r.tpot_seconds(); }},
      {"throughput", "tokens/s", [](const QueryRow& r) { return r.tokens_per_second(); }},
      {"input tokens", "tokens", [](const QueryRow& r) { return r.input_tokens; }},
      {"output tokens", "tokens", [](const QueryRow& r) { return r.output_tokens; }}};
  std::vector<Distribution> out;
  for (const auto& [label, unit, getter] : metrics) {
    if (const auto of = describe(run.rows, getter)) out.push_back({label, unit, *of});
  }
  return out;
}

void add_energy_figures(Efficiency& e, const RunData& run, const Precision& precision) {
  const auto figure = [&](const Estimand& what) { return estimate(run, what, precision); };
  e.joules_per_query = figure(mean_of("energy per query", "J", kJoules, true));
  e.watts = figure(mean_of("power", "W", kWatts, true));
  e.ipj = intelligence(run, e.accuracy, "IPJ", "1/J", kJoules, precision);
  e.ipw = intelligence(run, e.accuracy, "IPW", "1/W", kWatts, precision);
  const Getter output = [](const QueryRow& r) { return r.output_tokens; };
  const Getter total = [](const QueryRow& r) { return r.total_tokens(); };
  e.joules_per_output_token = figure(ratio_of("energy per output token", "J", kJoules, output, true));
  e.joules_per_total_token = figure(ratio_of("energy per total token", "J", kJoules, total, true));
  e.joules_per_correct = reciprocal(e.ipj);
  e.idle_joules =
      figure(mean_of("idle energy per query", "J", [](const QueryRow& r) { return r.idle_joules; }));
  e.net_joules =
      figure(mean_of("net energy per query", "J", [](const QueryRow& r) { return r.net_joules(); }));
  e.idle_joules.scope = e.net_joules.scope = run.scope;
}

void add_time_figures(Efficiency& e, const RunData& run, const Precision& precision) {
  const auto figure = [&](const Estimand& what) { return estimate(run, what, precision); };
  e.ttft_seconds = figure(mean_of("TTFT", "s", [](const QueryRow& r) { return r.ttft_seconds; }));
  e.latency_seconds = figure(mean_of("latency", "s", kSeconds));
  const Getter output = [](const QueryRow& r) { return r.output_tokens; };
  e.tokens_per_second = figure(ratio_of("throughput", "tokens/s", output, kSeconds, false));
  const Getter later_tokens = [](const QueryRow& r) -> Value {
    return r.tpot_seconds() ? Value(*r.output_tokens - 1) : std::nullopt;
  };
  const Getter decode = [](const QueryRow& r) -> Value {
    return r.tpot_seconds() ? Value(r.seconds - *r.ttft_seconds) : std::nullopt;
  };
  e.decode_tokens_per_second = figure(ratio_of("decode throughput", "tokens/s", later_tokens, decode, false));
}

std::string price_text(const RunData& run) {
  if (run.price_days.empty()) return "prices without a date";
  return "prices of " + join(std::vector(run.price_days.begin(), run.price_days.end()), ", ");
}

/// Money for right answers: over the queries that have both, so that neither part is of other queries.
void add_cost_figures(Efficiency& e, const RunData& run, const Precision& precision) {
  const Getter cost = [](const QueryRow& r) { return r.cost_usd; };
  e.cost_per_query = estimate(run, mean_of("cost per query", "USD", cost), precision);
  e.cost_per_correct =
      estimate(run, ratio_of("cost per correct answer", "USD", cost, score, false), precision);
  if (!e.cost_per_correct.value) e.cost_per_correct.reason = "no correct answer with a cost";
  e.cost_usd = {.label = "cost", .unit = "USD", .n = e.cost_per_query.n, .of = run.rows.size()};
  for (const auto& row : run.rows)
    if (row.cost_usd) e.cost_usd.value = e.cost_usd.value.value_or(0) + *row.cost_usd;
  e.cost_usd.method = price_text(run);
}

}  // namespace

Efficiency efficiency_of(const RunData& run, const Precision& precision) {
  Efficiency e;
  e.accuracy = accuracy_figure(run, precision);
  add_energy_figures(e, run, precision);
  add_time_figures(e, run, precision);
  add_cost_figures(e, run, precision);
  e.distributions = distributions_of(run);
  for (const auto& row : run.rows) {
    if (row.joules) e.total_joules = e.total_joules.value_or(0) + *row.joules;
  }
  return e;
}

std::vector<Figure> headline_figures(const Efficiency& e) {
  std::vector<Figure> out{e.accuracy, e.joules_per_query, e.watts, e.ttft_seconds, e.tokens_per_second, e.ipj,
                          e.ipw};
  if (e.cost_usd.value) out.insert(out.end(), {e.cost_usd, e.cost_per_correct});
  return out;
}

std::vector<Figure> all_figures(const Efficiency& e) {
  auto out = headline_figures(e);
  for (const Figure* f : {&e.joules_per_output_token, &e.joules_per_total_token, &e.joules_per_correct,
                          &e.latency_seconds, &e.decode_tokens_per_second}) {
    out.push_back(*f);
  }
  if (e.cost_usd.value) out.push_back(e.cost_per_query);
  if (e.idle_joules.value) {
    out.push_back(e.idle_joules);
    out.push_back(e.net_joules);
  }
  return out;
}

}  // namespace ipw::analysis
