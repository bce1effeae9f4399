// SPDX-License-Identifier: Apache-2.0
#include "ipw/analysis/estimate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_map>

#include "ipw/base/error.h"
#include "ipw/stats/bootstrap.h"
#include "ipw/stats/repeats.h"

namespace ipw::analysis {
namespace {

/// sum a, count a, sum b, count b.
using Sums = std::array<double, 4>;

std::optional<double> ratio(const Sums& s) {
  if (s[1] == 0 || s[3] == 0 || s[2] == 0) return std::nullopt;
  return (s[0] / s[1]) / (s[2] / s[3]);
}

Sums sums_of(const Terms& terms) {
  return {terms.a.value_or(0), terms.a ? 1.0 : 0.0, terms.b.value_or(0), terms.b ? 1.0 : 0.0};
}

void add(Sums& total, const Sums& more) {
  for (std::size_t k = 0; k < total.size(); ++k) total[k] += more[k];
}

/// Rows of the bootstrap by question, in the order of the run: repeats of a question are not independent and
/// are drawn together.
std::vector<Sums> by_question(const RunData& run, const std::function<Terms(const QueryRow&)>& terms) {
  std::unordered_map<std::uint64_t, std::size_t> places;
  std::vector<Sums> out;
  for (const auto& row : run.rows) {
    const auto [it, added] = places.try_emplace(row.question, out.size());
    if (added) out.emplace_back();
    add(out[it->second], sums_of(terms(row)));
  }
  return out;
}

/// Rows of the bootstrap when there are many questions: a hash puts each of them into one of so many groups.
std::vector<Sums> by_group(const RunData& run, const std::function<Terms(const QueryRow&)>& terms) {
  std::vector<Sums> out(kMostUnits);
  for (const auto& row : run.rows) add(out[row.question % kMostUnits], sums_of(terms(row)));
  return out;
}

std::string no_value_reason(const Sums& total, const Estimand& what, const RunData& run) {
  if (run.rows.empty()) return "no query";
  if (total[1] == 0 || total[3] == 0) return what.missing;
  return "the divisor is zero";
}

std::string why_no_energy(const RunData& run) {
  std::string out;
  for (const auto& [reason, count] : run.no_energy) {
    out += fmt::format("{}{} ({})", out.empty() ? "" : ", ", reason, count);
  }
  return out;
}

std::string method_text(const Estimand& what, const RunData& run, double share) {
  std::string text = fmt::format("bootstrap over {} questions", run.questions);
  if (run.questions > kMostUnits) text += fmt::format(" in {} groups", kMostUnits);
  if (!what.from_energy) return text;
  if (share > 0) text += fmt::format(", sensor +-{:.2g} %", share * 100);
  return run.method.empty() ? text : "energy " + run.method + "; " + text;
}

}  // namespace

Precision precision_from(const Params& options) {
  Precision p;
  const auto seed = options.integer("seed").value_or(0);
  const auto draws = options.integer("draws").value_or(2000);
  if (draws < 100 || draws > 10'000'000) {
    throw Error(ErrorCode::Usage, fmt::format("draws={} is out of range", draws), "Give 100 to 10000000.");
  }
  p.seed = static_cast<std::uint64_t>(seed);
  p.draws = static_cast<std::size_t>(draws);
  return p;
}

std::optional<double> score(const QueryRow& row) {
  if (row.outcome == Outcome::Unscored) return std::nullopt;
  return row.outcome == Outcome::Correct ? 1.0 : 0.0;
}

double sensor_share(const RunData& run) {
  double joules = 0, gain = 0, edges_squared = 0;
  for (const auto& row : run.rows) {
    if (!row.joules) continue;
    const double edges = row.random_half_width_joules.value_or(0);
    joules += *row.joules;
    gain += row.half_width_joules.value_or(0) - edges;
    edges_squared += edges * edges;
  }
  return joules > 0 ? std::hypot(gain, std::sqrt(edges_squared)) / joules : 0;
}

stats::Interval with_systematic(stats::Interval interval, double value, double share) {
  const double systematic = value * share;
  return {std::max(0.0, value - std::hypot(value - interval.low, systematic)),
          value + std::hypot(interval.high - value, systematic)};
}

Estimand mean_of(std::string label, std::string unit,
                 std::function<std::optional<double>(const QueryRow&)> value, bool from_energy) {
  Estimand what;
  what.label = std::move(label);
  what.unit = std::move(unit);
  what.from_energy = from_energy;
  what.terms = [value = std::move(value)](const QueryRow& row) { return Terms{value(row), 1.0}; };
  return what;
}

Figure estimate(const RunData& run, const Estimand& what, const Precision& precision) {
  const auto rows = run.questions > kMostUnits ? by_group(run, what.terms) : by_question(run, what.terms);
  Sums total{};
  for (const auto& row : rows) add(total, row);
  Figure figure{.label = what.label, .unit = what.unit, .value = ratio(total), .interval = {}};
  figure.n = static_cast<std::size_t>(std::min(total[1], total[3]));
  figure.of = run.rows.size();
  if (what.from_energy) figure.scope = run.scope;
  if (!figure.value) {
    figure.reason = no_value_reason(total, what, run);
    if (what.from_energy && !run.no_energy.empty()) figure.reason += ": " + why_no_energy(run);
    return figure;
  }
  const double share = what.from_energy ? sensor_share(run) : 0;
  figure.method = method_text(what, run, share);
  figure.interval = stats::bootstrap_sums<4>(rows, ratio, precision.seed, precision.draws);
  if (!figure.interval) figure.reason = "no interval from a single question";
  if (figure.interval && share > 0) figure.interval = with_systematic(*figure.interval, *figure.value, share);
  return figure;
}

Figure accuracy_figure(const RunData& run, const Precision& precision) {
  Estimand what = mean_of("accuracy", "", score);
  what.missing = "no query is scored";
  Figure figure = estimate(run, what, precision);
  if (!figure.value) return figure;
  const bool at_an_end = *figure.value == 0 || *figure.value == 1;
  if (run.questions < run.rows.size() && at_an_end) {  // draws of equal scores show no spread
    figure.interval = stats::wilson_share(*figure.value, static_cast<double>(run.questions));
    figure.method = fmt::format("Wilson over {} questions", run.questions);
    figure.reason.clear();
  }
  if (run.questions < run.rows.size()) return figure;
  std::size_t correct = 0;
  for (const auto& row : run.rows) correct += row.outcome == Outcome::Correct;
  figure.interval = stats::wilson(correct, figure.n);
  figure.method = "Wilson";
  figure.reason.clear();
  return figure;
}

}  // namespace ipw::analysis
