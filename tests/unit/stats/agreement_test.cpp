// SPDX-License-Identifier: Apache-2.0
#include "ipw/stats/agreement.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ipw/base/error.h"

namespace ipw::stats {
namespace {

std::vector<int> labels(const std::string& text) {
  return {text.begin(), text.end()};
}

// Krippendorff (2011), Computing Krippendorff's alpha-reliability, examples A and B.
TEST(RaterAgreement, alpha_of_the_published_examples) {
  EXPECT_NEAR(*rater_agreement(labels("0100000010"), labels("1110010000"))->alpha, 0.095, 5e-4);
  EXPECT_NEAR(*rater_agreement(labels("aabbdcccedda"), labels("babbbccceddd"))->alpha, 0.692, 5e-4);
}

// 20 and 15 items agree, 5 and 10 do not; the error is confirmed by the delta method with numerical
// derivatives.
TEST(RaterAgreement, kappa_of_a_two_by_two_table) {
  const auto out = rater_agreement(
      labels(std::string(25, 'y') + std::string(25, 'n')),
      labels(std::string(20, 'y') + std::string(5, 'n') + std::string(10, 'y') + std::string(15, 'n')));
  ASSERT_TRUE(out);
  EXPECT_EQ(out->n, 50u);
  EXPECT_NEAR(out->observed, 0.7, 1e-12);
  EXPECT_NEAR(*out->kappa, 0.4, 1e-12);
  EXPECT_NEAR(*out->kappa_error, 0.12699606293110037, 1e-9);
}

TEST(RaterAgreement, has_no_coefficient_where_nothing_varies) {
  const auto out = rater_agreement(labels("yyy"), labels("yyy"));
  ASSERT_TRUE(out);
  EXPECT_EQ(out->observed, 1);
  EXPECT_FALSE(out->kappa || out->kappa_error || out->alpha);
  EXPECT_FALSE(rater_agreement({}, {}));
  EXPECT_THROW(rater_agreement(labels("y"), {}), Error);
}

TEST(RaterAgreement, is_one_for_equal_raters_and_below_zero_for_opposite_ones) {
  EXPECT_NEAR(*rater_agreement(labels("ynyn"), labels("ynyn"))->kappa, 1, 1e-12);
  EXPECT_NEAR(*rater_agreement(labels("ynyn"), labels("nyny"))->kappa, -1, 1e-12);
  EXPECT_EQ(*rater_agreement(labels("yyy"), labels("nnn"))->kappa, 0);
}

TEST(CalibrationError, weighs_bins_by_size) {
  const std::vector<double> confidence{0.9, 0.1, 0.9, 0.1, 0.9}, correct{1, 0, 0, 0, 1};
  // Bins {0.1, 0.1} and {0.9, 0.9, 0.9}: sqrt((2 * 0.1^2 + 3 * (0.9 - 2/3)^2) / 5).
  EXPECT_NEAR(*calibration_error(confidence, correct, 2), 0.19148542155126763, 1e-12);
  // One bin: |2.9/5 - 2/5|.
  EXPECT_NEAR(*calibration_error(confidence, correct), 0.18, 1e-12);
  EXPECT_FALSE(calibration_error({}, {}));
}

}  // namespace
}  // namespace ipw::stats
