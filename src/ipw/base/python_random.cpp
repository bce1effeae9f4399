// SPDX-License-Identifier: Apache-2.0
#include "ipw/base/python_random.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>

namespace ipw {
namespace {

constexpr std::size_t kWords = 624;

/// Give a whole generator state, as std::mt19937 takes it from a seed sequence.
class KeyedState {
 public:
  using result_type = std::uint32_t;

  explicit KeyedState(std::uint32_t key) {
    state_[0] = 19650218;
    for (std::size_t i = 1; i < kWords; ++i)
      state_[i] = 1812433253U * folded(i - 1) + static_cast<std::uint32_t>(i);
    std::size_t at = 1;
    for (std::size_t k = 0; k < kWords; ++k) {
      state_[at] = (state_[at] ^ (folded(at - 1) * 1664525U)) + key;
      at = following(at);
    }
    for (std::size_t k = 0; k + 1 < kWords; ++k) {
      state_[at] = (state_[at] ^ (folded(at - 1) * 1566083941U)) - static_cast<std::uint32_t>(at);
      at = following(at);
    }
    state_[0] = 0x80000000U;
  }

  template <class Iterator>
  void generate(Iterator first, Iterator last) const {
    std::copy_n(state_.begin(), last - first, first);
  }

 private:
  std::uint32_t folded(std::size_t i) const { return state_[i] ^ (state_[i] >> 30); }
  std::size_t following(std::size_t at) {
    if (at + 1 < kWords) return at + 1;
    state_[0] = state_[kWords - 1];
    return 1;
  }

  std::array<std::uint32_t, kWords> state_{};
};

std::mt19937 engine(std::uint32_t seed) {
  KeyedState state(seed);
  return std::mt19937(state);
}

}  // namespace

PythonRandom::PythonRandom(std::uint32_t seed) : engine_(engine(seed)) {}

std::uint32_t PythonRandom::below(std::uint32_t n) {
  const auto bits = static_cast<unsigned>(std::bit_width(n));
  for (;;)
    if (const auto drawn = static_cast<std::uint32_t>(engine_()) >> (32U - bits); drawn < n) return drawn;
}

std::vector<std::size_t> PythonRandom::permutation(std::size_t n) {
  std::vector<std::size_t> pool(n), out;
  std::iota(pool.begin(), pool.end(), std::size_t{0});
  for (std::size_t left = n; left > 0; --left) {
    const auto at = below(static_cast<std::uint32_t>(left));
    out.push_back(pool[at]);
    pool[at] = pool[left - 1];
  }
  return out;
}

}  // namespace ipw
