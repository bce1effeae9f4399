// SPDX-License-Identifier: Apache-2.0
#include "ipw/telemetry/lateness.h"

#include <algorithm>
#include <cmath>

namespace ipw::telemetry {

namespace {
constexpr double kFirst = 1e-6, kGrowth = 1.1;
}

void Lateness::add(Nanoseconds value) {
  const double seconds = std::max(0.0, to_seconds(value));
  const double bucket = seconds <= kFirst ? 0 : std::ceil(std::log(seconds / kFirst) / std::log(kGrowth));
  ++counts_[std::min(static_cast<std::size_t>(bucket), counts_.size() - 1)];
  ++total_;
  max_ = std::max(max_, seconds);
}

void Lateness::add(const Lateness& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  total_ += other.total_;
  max_ = std::max(max_, other.max_);
}

double Lateness::quantile_seconds(double p) const {
  const double wanted = p * static_cast<double>(total_);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen > 0 && static_cast<double>(seen) >= wanted)
      return std::min(max_, kFirst * std::pow(kGrowth, static_cast<double>(i)));
  }
  return max_;
}

}  // namespace ipw::telemetry
