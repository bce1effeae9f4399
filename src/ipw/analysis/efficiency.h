// SPDX-License-Identifier: Apache-2.0
// What an answer costs: energy, power and time, and accuracy over them.
#pragma once
#include "ipw/analysis/estimate.h"
#include "ipw/analysis/sample.h"

namespace ipw::analysis {

/// One metric over the queries, with its quantiles.
struct Distribution {
  std::string label, unit;
  Description of;
};

struct Efficiency {
  Figure accuracy, joules_per_query, watts, ipj, ipw;                          ///< the headline
  Figure joules_per_output_token, joules_per_total_token, joules_per_correct;  ///< its other sides
  Figure idle_joules, net_joules;                                              ///< where a baseline was taken
  Figure ttft_seconds, latency_seconds, tokens_per_second, decode_tokens_per_second;
  Figure cost_usd, cost_per_query, cost_per_correct;  ///< of the tokens, where their price is known
  std::optional<double> total_joules;
  std::vector<Distribution> distributions;
};

/// Pure function of the collected numbers: the one definition of IPJ and IPW (docs/reference/metrics.md).
Efficiency efficiency_of(const RunData& run, const Precision& precision);
Result efficiency_result(const RunData& run, const Precision& precision);
/// The figures that every report of a run begins with.
std::vector<Figure> headline_figures(const Efficiency& efficiency);
/// The figures as a table; below it, in words, what the tokens cost and by the prices of which day.
Table efficiency_table(std::string title, std::span<const Figure> figures, const Efficiency& efficiency);
/// All figures, in the order of the reference page.
std::vector<Figure> all_figures(const Efficiency& efficiency);
/// What the reader should know of the energies.
std::vector<std::string> efficiency_warnings(const RunData& run, const Efficiency& efficiency);

std::unique_ptr<Analysis> make_efficiency();

}  // namespace ipw::analysis
