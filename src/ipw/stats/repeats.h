// SPDX-License-Identifier: Apache-2.0
// Questions that are asked several times: what their answers say of one question, and of all.
#pragma once
#include <cstddef>

#include "ipw/stats/stats.h"

namespace ipw::stats {

/// The chance that at least one of k samples is right, estimated without bias from n samples of which `right`
/// are: 1 - C(n - right, k) / C(n, k) (Chen et al. 2021). Needs right <= n and 1 <= k <= n.
double pass_at_k(std::size_t n, std::size_t right, std::size_t k);

/// Wilson score interval of a share that may lie between two counts; n is positive. 95 %.
Interval wilson_share(double share, double n);

}  // namespace ipw::stats
