// SPDX-License-Identifier: Apache-2.0
// Ends a task that fills the disk.
#pragma once
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "ipw/base/clock.h"
#include "ipw/sandbox/workplace.h"

namespace ipw::execution {

/// Stop reason of a task, and kind of its failure, that was ended for what it had written.
inline constexpr std::string_view kDiskFailure = "disk";

/// Looks at what a task's files take while its agent works. Between two looks it waits at least `pause` and
/// 20 times as long as a look takes, so that looking costs at most a twentieth of a core; what is written
/// meanwhile comes on top of the limit.
class DiskWatch {
 public:
  /// `most`: bytes; 0: no limit, and nothing is looked at.
  DiskWatch(sandbox::Workplace& place, std::uint64_t most, Clock& clock, std::stop_token stop,
            Seconds pause = Seconds(1));
  /// Asked to stop where the run is, and where the task has written too much.
  std::stop_token stop() const { return stop_.get_token(); }
  /// Look a last time and no more. Why the task has failed; absent where it was within its limit.
  std::optional<std::string> finish();

 private:
  void watch(const std::stop_token& end);
  bool look();

  sandbox::Workplace& place_;
  const std::uint64_t most_;
  Clock& clock_;
  const Seconds pause_;
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> forward_;
  std::mutex mutex_;
  std::uint64_t seen_ = 0;  ///< the most that was seen; guarded by mutex_
  std::jthread thread_;     // last: it uses all of it
};

}  // namespace ipw::execution
