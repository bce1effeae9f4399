// SPDX-License-Identifier: Apache-2.0
// Where collectors are made: off the sampling threads, since a vendor's library may take seconds to start, or
// hang.
#pragma once
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ipw/base/error.h"
#include "ipw/telemetry/collector.h"
#include "ipw/telemetry/leased_clock.h"

namespace ipw::telemetry {

/// How to make a collector, as often as it takes.
struct CollectorPlan {
  std::string name;    ///< for people: "nvml"
  std::string thread;  ///< that polls it
  Nanoseconds least_period{0};
  bool probe = true;   ///< poll it once to find out whether it can read anything
  bool retry = false;  ///< look for it again when it is not there, or its thread had to be given up
  std::function<std::unique_ptr<Collector>()> make;
};

/// What came of a plan.
struct Made {
  std::size_t plan = 0;  ///< the number that make() was given
  std::unique_ptr<Collector> collector;
  Sample probe;
  std::optional<Error> error;  ///< instead of a collector
};

/// Makes collectors on threads of its own. It may go while one of them hangs. Thread-safe.
class Workshop {
 public:
  explicit Workshop(Clock& clock);
  ~Workshop();
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;

  /// Begin to make collectors one after the other on one thread.
  void make(std::vector<std::pair<std::size_t, CollectorPlan>> plans);
  /// Take what is ready; wait for the first for a while.
  std::vector<Made> take(std::chrono::nanoseconds patience);
  /// End a take() that waits, now or later.
  void wake();

 private:
  struct Shared {
    explicit Shared(Clock& lent) : clock(lent) {}
    LeasedClock clock;
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<Made> ready;
    bool woken = false;
  };
  static Made make_one(Shared& shared, std::size_t number, const CollectorPlan& plan);
  std::shared_ptr<Shared> shared_;
};

}  // namespace ipw::telemetry
