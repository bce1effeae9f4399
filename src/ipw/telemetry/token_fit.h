// SPDX-License-Identifier: Apache-2.0
// What a token costs, out of stretches of a run: energy above idle = c_p prompt tokens + c_d output tokens.
#pragma once
#include <cstddef>
#include <optional>

#include "ipw/telemetry/work_curve.h"

namespace ipw::telemetry {

/// A prompt token costs this share of an output token where the run does not tell: between about 0.05 (one
/// request alone, whose decoding waits for memory) and 1 (large batches), so it is right within a factor
/// of 4.
constexpr double kDefaultTokenRatio = 0.25;

struct FittedTokens {
  double prefill = 0, decode = 0;  ///< joules a token
  double log_ratio_deviation = 0;  ///< standard deviation of ln(c_p / c_d)
  bool default_ratio = false;
};

/// Least squares through the origin with both coefficients above 0, from sums: constant memory. One thread at
/// a time.
class TokenFit {
 public:
  /// A stretch: the tokens of all requests in it, the sums of squares over its requests, joules above idle.
  struct Row {
    Tokens tokens;
    double prefill_squares = 0, products = 0, decode_squares = 0;
    double joules = 0;
  };
  void add(const Row& row);
  std::size_t rows() const { return rows_; }
  /// Absent with too few rows, or when no row has work.
  std::optional<FittedTokens> solve() const;
  /// How far the cost of one request is from the rule, as a share (1 sigma). The residues of stretches hold
  /// the deviations of their requests, taken to be independent, and what the sensor adds.
  double request_deviation(double prefill, double decode, std::size_t parameters) const;

 private:
  std::optional<FittedTokens> solve_both() const;
  std::optional<FittedTokens> solve_default() const;

  std::size_t rows_ = 0;
  double pp_ = 0, pd_ = 0, dd_ = 0, py_ = 0, dy_ = 0, yy_ = 0;
  double request_pp_ = 0, request_pd_ = 0, request_dd_ = 0;
};

}  // namespace ipw::telemetry
