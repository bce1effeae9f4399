// SPDX-License-Identifier: Apache-2.0
// One producer, many readers, bounded memory: a reader that is too slow loses the oldest and knows how many.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

namespace ipw::rpc {

/// A ring that every reader walks at its own pace; the values are shared, not copied. Thread-safe.
template <class T>
class Broadcast {
 public:
  explicit Broadcast(std::size_t capacity) : capacity_(capacity) {}

  /// Where one reader stands. One thread at a time.
  struct Cursor {
    std::uint64_t next = 0;
    std::uint64_t dropped = 0;  ///< values that went before this reader came for them
  };

  /// A cursor at the next value to be published.
  Cursor subscribe() const {
    const std::lock_guard lock(mutex_);
    return {first_ + values_.size(), 0};
  }

  void publish(T value) {
    {
      const std::lock_guard lock(mutex_);
      values_.push_back(std::make_shared<const T>(std::move(value)));
      if (values_.size() > capacity_) {
        values_.pop_front();
        ++first_;
      }
    }
    arrived_.notify_all();
  }

  /// Wake all readers; nothing is published afterwards.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    arrived_.notify_all();
  }

  bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

  /// The reader's next value, or null when none came in time or the ring was closed.
  std::shared_ptr<const T> take(Cursor& cursor, std::chrono::milliseconds patience) const {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, patience, [&] { return closed_ || cursor.next < first_ + values_.size(); });
    if (cursor.next < first_) {
      cursor.dropped += first_ - cursor.next;
      cursor.next = first_;
    }
    if (cursor.next == first_ + values_.size()) return nullptr;
    return values_[static_cast<std::size_t>(cursor.next++ - first_)];
  }

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  mutable std::condition_variable arrived_;
  std::deque<std::shared_ptr<const T>> values_;
  std::uint64_t first_ = 0;
  bool closed_ = false;
};

}  // namespace ipw::rpc
