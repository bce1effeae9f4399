// SPDX-License-Identifier: Apache-2.0
// A generator whose numbers are the same on every machine and with every standard library.
#pragma once
#include <array>
#include <bit>
#include <cstdint>

namespace ipw::stats {

/// xoshiro256++ (Blackman and Vigna 2019), its state filled by splitmix64 from one seed. Not for secrets.
class Random {
 public:
  explicit Random(std::uint64_t seed) {
    for (auto& word : state_) word = splitmix(seed);
  }

  std::uint64_t next() {
    const std::uint64_t out = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return out;
  }

  /// Uniform in [0,1), 53 bits.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

  /// Uniform in 0..n-1 without bias (Lemire 2019), n > 0.
  std::uint32_t below(std::uint32_t n) { return scale(static_cast<std::uint32_t>(next() >> 32), n); }

  /// Two independent numbers in 0..n-1 from one step: the bootstrap lives on this.
  std::array<std::uint32_t, 2> pair_below(std::uint32_t n) {
    const std::uint64_t bits = next();
    return {scale(static_cast<std::uint32_t>(bits >> 32), n), scale(static_cast<std::uint32_t>(bits), n)};
  }

 private:
  static std::uint64_t splitmix(std::uint64_t& x) {
    std::uint64_t z = (x += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  std::uint32_t scale(std::uint32_t bits, std::uint32_t n) {
    std::uint64_t product = std::uint64_t{bits} * n;
    if (static_cast<std::uint32_t>(product) < n) [[unlikely]] {
      const std::uint32_t rejected = (0u - n) % n;
      while (static_cast<std::uint32_t>(product) < rejected) product = (next() >> 32) * n;
    }
    return static_cast<std::uint32_t>(product >> 32);
  }

  std::array<std::uint64_t, 4> state_{};
};

}  // namespace ipw::stats
