// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/deviation_ladder.h"

#include <algorithm>

namespace ipw::telemetry {

namespace {

constexpr std::size_t kEnoughRows = 8, kParameters = 2;

TokenFit::Row row_of(const DeviationLadder::Stretch& stretch, double joules) {
  TokenFit::Row row{.joules = joules};
  for (const auto& [request, tokens] : stretch.tokens) {
    const auto [p, d] = tokens;
    row.tokens.prefill += p;
    row.tokens.decode += d;
    row.prefill_squares += p * p;
    row.products += p * d;
    row.decode_squares += d * d;
  }
  return row;
}

void join(DeviationLadder::Stretch& to, const DeviationLadder::Stretch& from) {
  for (const auto& [request, tokens] : from.tokens) {
    to.tokens[request].prefill += tokens.prefill;
    to.tokens[request].decode += tokens.decode;
  }
  to.joules.resize(std::max(to.joules.size(), from.joules.size()));
  for (std::size_t i = 0; i < to.joules.size(); ++i) {
    const bool known = i < from.joules.size() && from.joules[i] && to.joules[i];
    to.joules[i] = known ? std::optional(*to.joules[i] + *from.joules[i]) : std::nullopt;
  }
}

// Student's t for 95 % over the normal one, right within 1 % from 6 degrees of freedom on.
double widening(std::size_t rows) {
  const double freedom = static_cast<double>(rows - kParameters);
  return 1 + 1.2 / freedom + 1.4 / (freedom * freedom);
}

}  // namespace

void DeviationLadder::climb(Stretch stretch, std::size_t level) {
  auto& rows = rows_[level];
  rows.resize(std::max(rows.size(), stretch.joules.size()));
  for (std::size_t i = 0; i < stretch.joules.size(); ++i)
    if (stretch.joules[i]) rows[i].add(row_of(stretch, *stretch.joules[i]));
  if (level + 1 == kLevels) return;
  auto& other = waiting_[level];
  if (!other) {
    other = std::move(stretch);
    return;
  }
  Stretch both = std::move(*other);
  other.reset();
  join(both, stretch);
  climb(std::move(both), level + 1);
}

std::optional<double> DeviationLadder::deviation(std::size_t domain, const FittedTokens& fit) const {
  for (std::size_t level = kLevels; level-- > 0;) {
    if (domain >= rows_[level].size()) continue;
    const TokenFit& rows = rows_[level][domain];
    if (rows.rows() < kEnoughRows) continue;
    return widening(rows.rows()) * rows.request_deviation(fit.prefill, fit.decode, kParameters);
  }
  return std::nullopt;
}

}  // namespace ipw::telemetry
