// SPDX-License-Identifier: Apache-2.0
// The draws of Python's `random.Random(seed)`, where a benchmark's official order comes from them.
#pragma once
#include <cstdint>
#include <random>
#include <vector>

namespace ipw {

/// MT19937 seeded and read as CPython does (Matsumoto and Nishimura 2002, init_by_array with one key).
class PythonRandom {
 public:
  explicit PythonRandom(std::uint32_t seed);
  /// A number in [0, n), n >= 1: bits of the generator, drawn again while they are n or more.
  std::uint32_t below(std::uint32_t n);
  /// `random.sample(range(n), n)` for n up to 21, where Python picks out of a pool.
  std::vector<std::size_t> permutation(std::size_t n);

 private:
  std::mt19937 engine_;
};

}  // namespace ipw
