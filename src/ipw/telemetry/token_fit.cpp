// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/token_fit.h"

#include <algorithm>
#include <cmath>

namespace ipw::telemetry {

namespace {

constexpr std::size_t kLeastRows = 6;
// Below this the tokens of both kinds come in nearly fixed proportion, and their costs cannot be told apart.
constexpr double kLeastIndependence = 1e-3;
const double kDefaultLogDeviation = std::log(4.0) / 1.96;

}  // namespace

void TokenFit::add(const Row& row) {
  const auto [p, d] = row.tokens;
  ++rows_;
  pp_ += p * p;
  pd_ += p * d;
  dd_ += d * d;
  py_ += p * row.joules;
  dy_ += d * row.joules;
  yy_ += row.joules * row.joules;
  request_pp_ += row.prefill_squares;
  request_pd_ += row.products;
  request_dd_ += row.decode_squares;
}

std::optional<FittedTokens> TokenFit::solve() const {
  const auto both = solve_both(), plain = solve_default();
  return both && both->log_ratio_deviation < kDefaultLogDeviation ? both : plain;
}

std::optional<FittedTokens> TokenFit::solve_both() const {
  const double determinant = pp_ * dd_ - pd_ * pd_;
  if (rows_ < kLeastRows || determinant <= kLeastIndependence * pp_ * dd_) return std::nullopt;
  FittedTokens out;
  out.prefill = (dd_ * py_ - pd_ * dy_) / determinant;
  out.decode = (pp_ * dy_ - pd_ * py_) / determinant;
  if (out.prefill <= 0 || out.decode <= 0) return std::nullopt;
  const double residue = std::max(0.0, yy_ - out.prefill * py_ - out.decode * dy_);
  const double variance = residue / static_cast<double>(rows_ - 2) / determinant;
  out.log_ratio_deviation =
      std::sqrt(variance * std::max(0.0, dd_ / (out.prefill * out.prefill) + pp_ / (out.decode * out.decode) +
                                             2 * pd_ / (out.prefill * out.decode)));
  return out;
}

std::optional<FittedTokens> TokenFit::solve_default() const {
  constexpr double ratio = kDefaultTokenRatio;
  const double squares = ratio * ratio * pp_ + 2 * ratio * pd_ + dd_;
  if (rows_ < 2 || squares <= 0) return std::nullopt;
  FittedTokens out;
  out.decode = std::max(0.0, (ratio * py_ + dy_) / squares);
  out.prefill = ratio * out.decode;
  out.log_ratio_deviation = kDefaultLogDeviation;
  out.default_ratio = true;
  return out;
}

double TokenFit::request_deviation(double prefill, double decode, std::size_t parameters) const {
  const double residue = yy_ - 2 * (prefill * py_ + decode * dy_) + prefill * prefill * pp_ +
                         2 * prefill * decode * pd_ + decode * decode * dd_;
  const double squares =
      prefill * prefill * request_pp_ + 2 * prefill * decode * request_pd_ + decode * decode * request_dd_;
  const double freedom = static_cast<double>(rows_) - static_cast<double>(parameters);
  if (squares <= 0 || freedom <= 0) return 0;
  return std::sqrt(std::max(0.0, residue) * static_cast<double>(rows_) / freedom / squares);
}

}  // namespace ipw::telemetry
