// SPDX-License-Identifier: Apache-2.0
// One metric over the queries: exact quantiles in constant memory.
#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

#include "ipw/analysis/rows.h"
#include "ipw/stats/stats.h"

namespace ipw::analysis {

struct Description {
  stats::Summary summary;
  double p90 = 0, p99 = 0;
};

/// Describe the values that a run has of a metric; absent when it has none. Above `held` values they are
/// sorted on disk; nothing is approximated.
std::optional<Description> describe(const Rows& rows,
                                    const std::function<std::optional<double>(const QueryRow&)>& value,
                                    std::size_t held = 16384);

}  // namespace ipw::analysis
