// SPDX-License-Identifier: Apache-2.0
#include "ipw/stats/repeats.h"

#include <algorithm>
#include <cmath>

namespace ipw::stats {

double pass_at_k(std::size_t n, std::size_t right, std::size_t k) {
  if (n - right < k) return 1;
  double none = 1;  // C(n - right, k) / C(n, k) as a product, which neither overflows nor cancels
  for (std::size_t i = n - right + 1; i <= n; ++i)
    none *= 1 - static_cast<double>(k) / static_cast<double>(i);
  return 1 - none;
}

Interval wilson_share(double share, double n) {
  const double z = normal_quantile(0.975), z2 = z * z;
  const double centre = (share + z2 / (2 * n)) / (1 + z2 / n);
  const double half = z * std::sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n);
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

}  // namespace ipw::stats
