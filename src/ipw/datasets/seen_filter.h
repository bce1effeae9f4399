// SPDX-License-Identifier: Apache-2.0
// Which texts were seen, in constant memory.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "ipw/base/hash.h"

namespace ipw::datasets {

/// A Bloom filter of 2 MiB (Bloom 1970; double hashing: Kirsch and Mitzenmacher 2006). What was seen is
/// always known; a new text is taken for a seen one with a chance below 1e-9 up to 100,000 texts and below
/// 1e-3 up to a million. The same on every machine. One thread at a time.
class SeenFilter {
 public:
  /// Remember a text; false when it was seen before.
  bool insert(std::string_view text) {
    const std::uint64_t hash = hash64(text), step = (hash >> 32) | 1;
    bool is_new = false;
    for (std::uint64_t i = 0, at = hash; i < kProbes; ++i, at += step) {
      auto& word = words_[(at / 64) % kWords];
      const std::uint64_t bit = std::uint64_t{1} << (at % 64);
      is_new = is_new || (word & bit) == 0;
      word |= bit;
    }
    return is_new;
  }

 private:
  static constexpr std::size_t kWords = (std::size_t{2} << 20) / sizeof(std::uint64_t);
  static constexpr std::uint64_t kProbes = 8;
  std::vector<std::uint64_t> words_ = std::vector<std::uint64_t>(kWords);
};

}  // namespace ipw::datasets
