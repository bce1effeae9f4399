// SPDX-License-Identifier: Apache-2.0
// Sorting more values than memory should hold.
#pragma once
#include <algorithm>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "ipw/base/scratch_file.h"

namespace ipw {

/// Merge sorted runs, each a stretch of a scratch file or of memory. Values that compare equal come in any
/// order.
template <class T>
class RunMerger {
 public:
  void add_memory(std::vector<T> values) { push({std::move(values), 0, 0, 0}); }
  /// `count` values from `offset` on; `file` outlives the merger.
  void add_file(const ScratchFile& file, std::uint64_t offset, std::uint64_t count) {
    file_ = &file;
    push({{}, 0, offset, count});
  }
  bool next(T& value) {
    if (heap_.empty()) return false;
    std::ranges::pop_heap(heap_, behind);
    Run& run = heap_.back();
    value = run.values[run.at++];
    if (filled(run)) {
      std::ranges::push_heap(heap_, behind);
    } else {
      heap_.pop_back();
    }
    return true;
  }

 private:
  static constexpr std::size_t kBuffer = std::max<std::size_t>(4096 / sizeof(T), 1);
  struct Run {
    std::vector<T> values;
    std::size_t at;
    std::uint64_t offset, left;  ///< what is still in the file
  };
  static bool behind(const Run& a, const Run& b) { return b.values[b.at] < a.values[a.at]; }
  bool filled(Run& run) {
    if (run.at < run.values.size()) return true;
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(run.left, kBuffer));
    if (n == 0) return false;
    run.values.resize(n);
    file_->read(run.offset, std::as_writable_bytes(std::span(run.values)));
    run.at = 0;
    run.offset += n * sizeof(T);
    run.left -= n;
    return true;
  }
  void push(Run run) {
    if (!filled(run)) return;
    heap_.push_back(std::move(run));
    std::ranges::push_heap(heap_, behind);
  }

  const ScratchFile* file_ = nullptr;
  std::vector<Run> heap_;
};

/// Take values in any order, give them sorted, in constant memory: runs of `held` values are sorted and wait
/// in a scratch file, of which nothing is made while they fit. Time n log n. One thread at a time.
template <class T>
class ExternalSorter {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  static constexpr std::size_t kHeld = std::max<std::size_t>((std::size_t{256} << 10) / sizeof(T), 2);

  /// The scratch file is made in `folder`.
  explicit ExternalSorter(std::filesystem::path folder, std::size_t held = kHeld)
      : folder_(std::move(folder)), limit_(held) {}

  void add(const T& value) {
    if (held_.size() == limit_) spill();
    held_.push_back(value);
    ++size_;
  }
  /// Call once, after the last value.
  void sort() {
    std::ranges::sort(held_);
    for (const Stretch& s : stretches_) merger_.add_file(*file_, s.offset, s.count);
    merger_.add_memory(std::exchange(held_, {}));
  }
  /// Give the next value; false behind the last one.
  bool next(T& value) { return merger_.next(value); }
  /// Values taken.
  std::uint64_t size() const { return size_; }

 private:
  /// So many runs of one level are merged into one of the next, so that their number grows with log n.
  static constexpr std::size_t kFanIn = 64;
  struct Stretch {
    std::uint64_t offset, count;
    int level;
  };

  std::uint64_t write(const std::vector<T>& values) {
    return file_->append(std::as_bytes(std::span(values)));
  }

  void spill() {
    if (!file_) file_ = std::make_unique<ScratchFile>(folder_);
    std::ranges::sort(held_);
    stretches_.push_back({write(held_), held_.size(), 0});
    held_.clear();
    while (stretches_.size() >= kFanIn &&
           stretches_[stretches_.size() - kFanIn].level == stretches_.back().level)
      merge_last();
  }

  void merge_last() {
    RunMerger<T> merger;
    Stretch whole{0, 0, stretches_.back().level + 1};
    for (auto s = stretches_.end() - kFanIn; s != stretches_.end(); ++s) {
      merger.add_file(*file_, s->offset, s->count);
      whole.count += s->count;
    }
    stretches_.resize(stretches_.size() - kFanIn);
    whole.offset = write({});
    std::vector<T> block;
    for (T value; merger.next(value);) {
      block.push_back(value);
      if (block.size() == limit_) write(std::exchange(block, {}));
    }
    write(block);
    stretches_.push_back(whole);
  }

  std::filesystem::path folder_;
  std::size_t limit_;
  std::vector<T> held_;
  std::uint64_t size_ = 0;
  std::unique_ptr<ScratchFile> file_;
  std::vector<Stretch> stretches_;
  RunMerger<T> merger_;
};

}  // namespace ipw
