// SPDX-License-Identifier: Apache-2.0
#include "ipw/stats/repeats.h"

#include <gtest/gtest.h>

#include <bit>

namespace ipw::stats {
namespace {

/// The share of all subsets of k of n samples, the first `right` of which are right, that hold a right one.
double by_enumeration(unsigned n, unsigned right, unsigned k) {
  std::size_t subsets = 0, hits = 0;
  for (unsigned set = 0; set < (1U << n); ++set) {
    if (static_cast<unsigned>(std::popcount(set)) != k) continue;
    ++subsets;
    hits += (set & ((1U << right) - 1)) != 0 ? 1 : 0;
  }
  return static_cast<double>(hits) / static_cast<double>(subsets);
}

TEST(PassAtK, is_the_share_of_subsets_that_hold_a_right_sample) {
  for (unsigned n = 1; n <= 9; ++n)
    for (unsigned right = 0; right <= n; ++right)
      for (unsigned k = 1; k <= n; ++k)
        EXPECT_NEAR(pass_at_k(n, right, k), by_enumeration(n, right, k), 1e-12) << n << right << k;
}

TEST(PassAtK, of_one_is_the_mean_and_of_all_is_any) {
  for (std::size_t n = 1; n <= 200; n += 7)
    for (std::size_t right = 0; right <= n; ++right) {
      EXPECT_NEAR(pass_at_k(n, right, 1), static_cast<double>(right) / static_cast<double>(n), 1e-12);
      EXPECT_DOUBLE_EQ(pass_at_k(n, right, n), right > 0 ? 1 : 0);
    }
}

TEST(PassAtK, never_falls_with_k_and_holds_for_many_samples) {
  for (std::size_t k = 2; k <= 1000; ++k) EXPECT_GE(pass_at_k(1000, 3, k), pass_at_k(1000, 3, k - 1));
  EXPECT_NEAR(pass_at_k(1000, 1, 500), 0.5, 1e-9);
}

TEST(WilsonShare, equals_wilson_at_whole_counts) {
  for (std::size_t n = 1; n <= 40; ++n)
    for (std::size_t right = 0; right <= n; ++right) {
      const auto share =
          wilson_share(static_cast<double>(right) / static_cast<double>(n), static_cast<double>(n));
      const auto counts = *wilson(right, n);
      EXPECT_NEAR(share.low, counts.low, 1e-12);
      EXPECT_NEAR(share.high, counts.high, 1e-12);
    }
}

}  // namespace
}  // namespace ipw::stats
