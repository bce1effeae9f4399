// SPDX-License-Identifier: Apache-2.0
#include "ipw/records/index_set.h"

#include <algorithm>

namespace ipw::records {
namespace {

/// Beyond this many, bits are smaller than a list.
constexpr std::size_t kFew = 4096;
constexpr std::size_t kWords = 1024;

std::uint64_t bit(std::uint16_t low) {
  return std::uint64_t{1} << (low % 64);
}

}  // namespace

bool IndexSet::Stretch::contains(std::uint16_t low) const {
  if (count == kStretch) return true;
  if (!bits.empty()) return (bits[low / 64] & bit(low)) != 0;
  return std::ranges::binary_search(few, low);
}

bool IndexSet::Stretch::insert(std::uint16_t low) {
  if (contains(low)) return false;
  ++count;
  if (bits.empty() && count > kFew) use_bits();
  if (bits.empty()) {
    few.insert(std::ranges::upper_bound(few, low), low);
  } else {
    bits[low / 64] |= bit(low);
  }
  if (count == kStretch) bits = std::vector<std::uint64_t>();  // = {} would keep its memory
  return true;
}

bool IndexSet::Stretch::erase(std::uint16_t low) {
  if (!contains(low)) return false;
  if (count == kStretch) bits.assign(kWords, ~std::uint64_t{0});
  --count;
  if (bits.empty()) {
    few.erase(std::ranges::lower_bound(few, low));
    return true;
  }
  bits[low / 64] &= ~bit(low);
  if (count <= kFew) use_few();
  return true;
}

void IndexSet::Stretch::use_bits() {
  bits.assign(kWords, 0);
  for (const auto low : few) bits[low / 64] |= bit(low);
  few = std::vector<std::uint16_t>();
}

void IndexSet::Stretch::use_few() {
  few = all();
  bits = std::vector<std::uint64_t>();
}

std::vector<std::uint16_t> IndexSet::Stretch::all() const {
  std::vector<std::uint16_t> out;
  for (std::uint32_t low = 0; low < kStretch; ++low)
    if (contains(static_cast<std::uint16_t>(low))) out.push_back(static_cast<std::uint16_t>(low));
  return out;
}

void IndexSet::insert(std::int64_t index) {
  if (stretches_[index >> 16].insert(static_cast<std::uint16_t>(index & 0xffff))) ++size_;
}

void IndexSet::erase(std::int64_t index) {
  const auto found = stretches_.find(index >> 16);
  if (found == stretches_.end()) return;
  if (found->second.erase(static_cast<std::uint16_t>(index & 0xffff))) --size_;
  if (found->second.count == 0) stretches_.erase(found);
}

void IndexSet::erase(const IndexSet& other) {
  for (const auto& [high, stretch] : other.stretches_)
    for (const auto low : stretch.all()) erase(high * kStretch + low);
}

bool IndexSet::contains(std::int64_t index) const {
  const auto found = stretches_.find(index >> 16);
  return found != stretches_.end() && found->second.contains(static_cast<std::uint16_t>(index & 0xffff));
}

std::size_t IndexSet::bytes() const {
  constexpr std::size_t kNode = sizeof(std::pair<const std::int64_t, Stretch>) + 4 * sizeof(void*);
  std::size_t sum = 0;
  for (const auto& [high, stretch] : stretches_)
    sum += kNode + stretch.few.capacity() * sizeof(std::uint16_t) +
           stretch.bits.capacity() * sizeof(std::uint64_t);
  return sum;
}

}  // namespace ipw::records
