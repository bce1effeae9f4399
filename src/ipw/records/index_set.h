// SPDX-License-Identifier: Apache-2.0
// Which queries of a run: a set that stays small also for millions of them.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <map>
#include <vector>

namespace ipw::records {

/// A set of indices by stretches of 65,536 (as Roaring bitmaps: Chambi et al. 2016): nothing but its number
/// for a full stretch, 2 bytes an index for a sparse one, 8 KiB at most. Indices without gaps thus cost about
/// a bit each while they are added and nothing afterwards. One thread at a time.
class IndexSet {
 public:
  IndexSet() = default;
  IndexSet(std::initializer_list<std::int64_t> indices) {
    for (const auto index : indices) insert(index);
  }
  void insert(std::int64_t index);
  void erase(std::int64_t index);
  /// Take all of another set out.
  void erase(const IndexSet& other);
  bool contains(std::int64_t index) const;
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// What it holds on the heap, about.
  std::size_t bytes() const;
  bool operator==(const IndexSet&) const = default;

 private:
  static constexpr std::uint32_t kStretch = 65536;
  /// Exactly one of the three holds what is in it: few indices sorted, bits, or all of them.
  struct Stretch {
    std::vector<std::uint16_t> few;
    std::vector<std::uint64_t> bits;
    std::uint32_t count = 0;
    bool operator==(const Stretch&) const = default;

    bool contains(std::uint16_t low) const;
    bool insert(std::uint16_t low);
    bool erase(std::uint16_t low);
    void use_bits();
    void use_few();
    std::vector<std::uint16_t> all() const;
  };

  std::map<std::int64_t, Stretch> stretches_;
  std::size_t size_ = 0;
};

}  // namespace ipw::records
