// SPDX-License-Identifier: Apache-2.0
// The derived sections of summary.json as pure functions of a run.
#pragma once
#include "ipw/analysis/efficiency.h"

namespace ipw::analysis {

/// Rows {label, avg, median, min, max, std, unit}; a metric that no query has is left out.
Json profile_metrics(const RunData& run);
/// accuracy, total_energy_j, avg_energy_j, avg_power_w, ipj, ipw; each with `<key>_figure` beside it.
Json efficiency_section(const Efficiency& efficiency);
/// Counts of outcomes and reasons, and all figures.
Json statistics_section(const RunData& run, const Efficiency& efficiency);
/// {profile_metrics, efficiency, statistics}.
Json sections(const RunData& run, const Precision& precision);

/// What is told at the end of a run.
Result profile_result(const RunData& run, const Precision& precision);
/// Several runs side by side; `names` stand in the first column.
Result comparison(std::span<const RunData> runs, std::span<const std::string> names,
                  const Precision& precision);

}  // namespace ipw::analysis
