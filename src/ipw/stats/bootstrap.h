// SPDX-License-Identifier: Apache-2.0
// The fast bootstrap: any statistic that is a function of sums over rows. No call through a pointer in the
// inner loop.
#pragma once
#include <array>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "ipw/stats/random.h"
#include "ipw/stats/stats.h"

namespace ipw::stats {

/// The central interval of drawn statistics; absent when fewer than half of the asked draws have a value.
std::optional<Interval> percentile_interval(std::span<const double> drawn, std::size_t asked,
                                            double confidence);

/// Sums of one resample of the rows, as many as there are.
template <std::size_t K>
std::array<double, K> resampled_sums(std::span<const std::array<double, K>> rows, Random& random) {
  std::array<double, K> first{}, second{};
  const auto n = static_cast<std::uint32_t>(rows.size());
  for (std::uint32_t i = 0; i + 1 < n; i += 2) {
    const auto [one, two] = random.pair_below(n);
    for (std::size_t k = 0; k < K; ++k) {
      first[k] += rows[one][k];
      second[k] += rows[two][k];
    }
  }
  if (n % 2 != 0) {
    const auto& last = rows[random.below(n)];
    for (std::size_t k = 0; k < K; ++k) first[k] += last[k];
  }
  for (std::size_t k = 0; k < K; ++k) first[k] += second[k];
  return first;
}

/// Percentile bootstrap of statistic(sums of K columns). A row is what is drawn as a whole: a question with
/// all that was measured of it, or a cluster of questions with their sums. The statistic returns
/// optional<double>. Absent for fewer than two rows or more than 2^32 - 1.
template <std::size_t K, class Statistic>
std::optional<Interval> bootstrap_sums(std::span<const std::array<double, K>> rows, Statistic statistic,
                                       std::uint64_t seed, std::size_t draws = 2000,
                                       double confidence = 0.95) {
  if (rows.size() < 2 || rows.size() > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  Random random(seed);
  std::vector<double> drawn;
  drawn.reserve(draws);
  for (std::size_t d = 0; d < draws; ++d) {
    if (const std::optional<double> value = statistic(resampled_sums<K>(rows, random)))
      drawn.push_back(*value);
  }
  return percentile_interval(drawn, draws, confidence);
}

}  // namespace ipw::stats
