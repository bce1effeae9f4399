// SPDX-License-Identifier: Apache-2.0
// The sections that summary.json of `ipw run` and `ipw bench` has besides, under the original's keys
// (original-formats.md 2.4).
#pragma once
#include "ipw/analysis/estimate.h"

namespace ipw::analysis {

/// Whether agents solved the queries.
bool has_tasks(const RunData& run);

/// What one task, turn, token, second and right answer took, each with its interval.
std::vector<Figure> unit_figures(const RunData& run, const Precision& precision);

/// wall_clock_s, gpu_energy_joules, turns, ...: {n, avg, low, high, median, min, max, std, p90, p99}, or null
/// where no query has it. `low` and `high` are the 95 % interval of the mean by Student's t.
Json task_statistics(const RunData& run);

/// The run without the twentieth of its queries that took the shortest and the twentieth that took the
/// longest time, one of each at least; absent for fewer than four queries.
std::optional<RunData> without_extremes(const RunData& run);

/// averages, per_unit, normalized_statistics and normalized_efficiency; the latter two are null for fewer
/// than four queries.
Json task_sections(const RunData& run, const Precision& precision);

}  // namespace ipw::analysis
