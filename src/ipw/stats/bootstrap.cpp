// SPDX-License-Identifier: Apache-2.0
#include "ipw/stats/bootstrap.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <map>

namespace ipw::stats {
namespace {

using Rows = std::vector<std::uint32_t>;

/// What is drawn as a whole: each row alone, or the rows of each cluster.
std::vector<Rows> units(std::size_t n, std::span<const std::uint32_t> clusters) {
  std::map<std::uint32_t, Rows> by_cluster;
  for (std::uint32_t row = 0; row < n; ++row)
    by_cluster[clusters.empty() ? row : clusters[row]].push_back(row);
  std::vector<Rows> out;
  out.reserve(by_cluster.size());
  for (auto& [id, rows] : by_cluster) out.push_back(std::move(rows));
  return out;
}

std::optional<double> finite(double value) {
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

}  // namespace

std::optional<Interval> percentile_interval(std::span<const double> drawn, std::size_t asked,
                                            double confidence) {
  if (drawn.empty() || drawn.size() * 2 < asked) return std::nullopt;
  const double tail = (1 - confidence) / 2;
  return Interval{*quantile(drawn, tail), *quantile(drawn, 1 - tail)};
}

std::optional<Interval> bootstrap(
    std::size_t n, const std::function<std::optional<double>(std::span<const std::uint32_t>)>& statistic,
    std::uint64_t seed, std::size_t draws, double confidence, std::span<const std::uint32_t> clusters) {
  assert(clusters.empty() || clusters.size() == n);
  if (n > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  const std::vector<Rows> all = units(n, clusters);
  if (all.size() < 2) return std::nullopt;
  Random random(seed);
  std::vector<double> drawn;
  Rows rows;
  for (std::size_t d = 0; d < draws; ++d) {
    rows.clear();
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Rows& unit = all[random.below(static_cast<std::uint32_t>(all.size()))];
      rows.insert(rows.end(), unit.begin(), unit.end());
    }
    if (const auto value = statistic(rows); value && std::isfinite(*value)) drawn.push_back(*value);
  }
  return percentile_interval(drawn, draws, confidence);
}

std::optional<Interval> bootstrap_mean_interval(std::span<const double> values, std::uint64_t seed,
                                                std::size_t draws, double confidence) {
  std::vector<std::array<double, 1>> rows(values.size());
  std::ranges::transform(values, rows.begin(), [](double v) { return std::array{v}; });
  const auto n = static_cast<double>(values.size());
  return bootstrap_sums<1>(
      rows, [n](const auto& sum) { return finite(sum[0] / n); }, seed, draws, confidence);
}

std::optional<Interval> ratio_of_means_interval(std::span<const double> a, std::span<const double> b,
                                                std::uint64_t seed, std::size_t draws, double confidence) {
  assert(a.size() == b.size());
  std::vector<std::array<double, 2>> rows(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) rows[i] = {a[i], b[i]};
  return bootstrap_sums<2>(
      rows, [](const auto& sum) { return finite(sum[0] / sum[1]); }, seed, draws, confidence);
}

}  // namespace ipw::stats
