// SPDX-License-Identifier: Apache-2.0
#include "ipw/analysis/sample.h"

#include <array>
#include <cmath>

#include "ipw/base/external_sort.h"

namespace ipw::analysis {
namespace {

constexpr std::array kQuantiles = {0.5, 0.9, 0.99};

/// Quantiles of type 7 of n values that come sorted.
std::array<double, kQuantiles.size()> sorted_quantiles(ExternalSorter<double>& sorted, std::size_t n) {
  std::array<double, kQuantiles.size()> out{};
  std::size_t rank = 0;
  for (double value = 0; sorted.next(value); ++rank) {
    for (std::size_t q = 0; q < out.size(); ++q) {
      const double place = kQuantiles[q] * static_cast<double>(n - 1), below = std::floor(place);
      if (static_cast<double>(rank) == below) out[q] = value;
      if (static_cast<double>(rank) == below + 1) out[q] = std::lerp(out[q], value, place - below);
    }
  }
  return out;
}

Description describe_held(const std::vector<double>& values) {
  return {*stats::summarize(values), *stats::quantile(values, 0.9), *stats::quantile(values, 0.99)};
}

}  // namespace

std::optional<Description> describe(const Rows& rows,
                                    const std::function<std::optional<double>(const QueryRow&)>& value,
                                    std::size_t held) {
  std::vector<double> few;
  stats::Moments moments;
  ExternalSorter<double> many(rows.scratch(), held);
  for (const auto& row : rows) {
    const auto v = value(row);
    if (!v) continue;
    moments.add(*v);
    many.add(*v);
    if (few.size() < held) few.push_back(*v);
  }
  if (moments.n() == 0) return std::nullopt;
  if (moments.n() <= held) return describe_held(few);
  many.sort();
  const auto [p50, p90, p99] = sorted_quantiles(many, moments.n());
  return Description{
      {moments.n(), moments.mean(), p50, moments.min(), moments.max(), moments.stddev()}, p90, p99};
}

}  // namespace ipw::analysis
