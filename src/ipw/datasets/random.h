// SPDX-License-Identifier: Apache-2.0
// The same draws on every platform, which std distributions do not promise.
#pragma once
#include <cstdint>

namespace ipw::datasets {

/// SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators").
class SplitMix64 {
 public:
  explicit SplitMix64(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  /// A number in [0, n); the bias is below n / 2^64.
  std::uint64_t below(std::uint64_t n) { return next() % n; }

 private:
  std::uint64_t state_;
};

}  // namespace ipw::datasets
