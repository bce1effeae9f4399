// SPDX-License-Identifier: Apache-2.0
// How far two raters agree, and how far claimed confidence agrees with what was right.
#pragma once
#include <cstddef>
#include <optional>
#include <span>

namespace ipw::stats {

/// Two raters who both gave each item one of some unordered labels.
struct RaterAgreement {
  std::size_t n = 0;    ///< items
  double observed = 0;  ///< share of items with equal labels
  /// Cohen's kappa (Cohen 1960) and its large-sample standard error (Fleiss, Cohen and Everitt 1969); absent
  /// when both raters gave one and the same label to all items.
  std::optional<double> kappa, kappa_error;
  /// Krippendorff's alpha for nominal data (Krippendorff 2011); absent in the same case.
  std::optional<double> alpha;
};
/// Compare labels item by item; absent without items. The spans are equally long (throws Error(Internal)).
std::optional<RaterAgreement> rater_agreement(std::span<const int> first, std::span<const int> second);

/// Root-mean-square calibration error (Hendrycks et al. 2019): items in order of confidence, in bins of
/// `per_bin` (the last takes the remainder), squared difference of mean confidence and mean correctness
/// weighted by size. Confidence lies in [0,1], `correct` is 0 or 1. Absent without items.
std::optional<double> calibration_error(std::span<const double> confidence, std::span<const double> correct,
                                        std::size_t per_bin = 100);

}  // namespace ipw::stats
