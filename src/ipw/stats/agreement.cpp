// SPDX-License-Identifier: Apache-2.0
#include "ipw/stats/agreement.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "ipw/base/error.h"

namespace ipw::stats {
namespace {

/// Shares of label pairs, and of the labels of each rater.
struct Table {
  std::map<std::pair<int, int>, double> cells;
  std::map<int, double> first, second;

  double chance() const {
    double sum = 0;
    for (const auto& [label, share] : first)
      if (const auto it = second.find(label); it != second.end()) sum += share * it->second;
    return sum;
  }
};

Table tabulate(std::span<const int> first, std::span<const int> second) {
  Table out;
  const double share = 1.0 / static_cast<double>(first.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    out.cells[{first[i], second[i]}] += share;
    out.first[first[i]] += share;
    out.second[second[i]] += share;
  }
  return out;
}

/// Fleiss, Cohen and Everitt (1969), equation 13.
double kappa_variance(Table table, double observed, double chance, double n) {
  double agreeing = 0, differing = 0;
  for (const auto& [labels, share] : table.cells) {
    const auto [i, j] = labels;
    if (i == j)
      agreeing += share * std::pow((1 - chance) - (table.first[i] + table.second[i]) * (1 - observed), 2);
    else
      differing += share * std::pow(table.second[i] + table.first[j], 2);
  }
  const double centre = observed * chance - 2 * chance + observed;
  const double sum = agreeing + std::pow(1 - observed, 2) * differing - centre * centre;
  return std::max(0.0, sum) / (n * std::pow(1 - chance, 4));
}

double nominal_alpha(std::span<const int> first, std::span<const int> second, double observed) {
  std::map<int, double> counts;
  for (const int label : first) ++counts[label];
  for (const int label : second) ++counts[label];
  const double n = 2 * static_cast<double>(first.size());
  double equal = 0;
  for (const auto& [label, count] : counts) equal += count * (count - 1);
  return 1 - (1 - observed) / (1 - equal / (n * (n - 1)));
}

}  // namespace

std::optional<RaterAgreement> rater_agreement(std::span<const int> first, std::span<const int> second) {
  if (first.size() != second.size())
    throw Error(ErrorCode::Internal, "two raters with different numbers of items");
  if (first.empty()) return std::nullopt;
  const auto equal = std::inner_product(first.begin(), first.end(), second.begin(), std::size_t{0},
                                        std::plus<>(), [](int a, int b) { return std::size_t{a == b}; });
  RaterAgreement out{.n = first.size()};
  const auto n = static_cast<double>(out.n);
  out.observed = static_cast<double>(equal) / n;
  const auto table = tabulate(first, second);
  const bool one_label = table.first.size() == 1 && equal == out.n;
  if (one_label) return out;
  const double chance = table.chance();
  out.kappa = (out.observed - chance) / (1 - chance);
  out.kappa_error = std::sqrt(kappa_variance(table, out.observed, chance, n));
  out.alpha = nominal_alpha(first, second, out.observed);
  return out;
}

std::optional<double> calibration_error(std::span<const double> confidence, std::span<const double> correct,
                                        std::size_t per_bin) {
  if (confidence.size() != correct.size() || per_bin == 0)
    throw Error(ErrorCode::Internal, "calibration error of unequal spans or empty bins");
  const std::size_t n = confidence.size();
  if (n == 0) return std::nullopt;
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return confidence[i]; });
  double sum = 0;
  const std::size_t bins = std::max<std::size_t>(1, n / per_bin);
  for (std::size_t bin = 0; bin < bins; ++bin) {
    const std::size_t end = bin + 1 == bins ? n : (bin + 1) * per_bin;
    double difference = 0;
    for (std::size_t i = bin * per_bin; i < end; ++i) difference += confidence[order[i]] - correct[order[i]];
    sum += difference * difference / static_cast<double>(end - bin * per_bin);
  }
  return std::sqrt(sum / static_cast<double>(n));
}

}  // namespace ipw::stats
