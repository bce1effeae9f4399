// SPDX-License-Identifier: Apache-2.0
#include "ipw/execution/disk_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>

#include "ipw/base/log.h"
#include "ipw/base/text.h"

namespace ipw::execution {

DiskWatch::DiskWatch(sandbox::Workplace& place, std::uint64_t most, Clock& clock, std::stop_token stop,
                     Seconds pause)
    : place_(place), most_(most), clock_(clock), pause_(pause), forward_(std::move(stop), [this] {
        stop_.request_stop();
      }) {
  if (most_ > 0) thread_ = std::jthread([this](const std::stop_token& end) { watch(end); });
}

void DiskWatch::watch(const std::stop_token& end) {
  constexpr double kShare = 20;
  std::condition_variable_any ended;
  std::mutex nobody_else;
  std::unique_lock lock(nobody_else);
  while (!end.stop_requested()) {
    const Instant begun = clock_.now();
    if (!look()) return;
    const Seconds took = clock_.now() - begun;
    ended.wait_for(lock, end, std::max(pause_, took * kShare), [] { return false; });
  }
}

/// False where looking again is of no use.
bool DiskWatch::look() {
  try {
    const auto bytes = place_.disk_use(most_);
    if (!bytes) return false;
    const std::lock_guard lock(mutex_);
    seen_ = std::max(seen_, *bytes);
    if (*bytes <= most_) return true;
    stop_.request_stop();
  } catch (const std::exception& error) {
    // The place has ended, or its engine does not answer: whoever uses it will hear of that.
    log::debug("what a task has written cannot be seen: {}", error.what());
  }
  return false;
}

std::optional<std::string> DiskWatch::finish() {
  if (most_ == 0) return std::nullopt;
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  if (seen_ <= most_) look();
  if (seen_ <= most_) return std::nullopt;
  return fmt::format("the task's files took {} on disk; --max-task-disk allows {}", human_bytes(seen_),
                     human_bytes(most_));
}

}  // namespace ipw::execution
