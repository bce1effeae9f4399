// SPDX-License-Identifier: Apache-2.0
// All sampling threads of this process, and the supervisor that keeps them honest.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ipw/telemetry/sampler.h"
#include "ipw/telemetry/workshop.h"

namespace ipw::telemetry {

/// One thread for files and one for each library that may hang; they tick at the same instants and feed one
/// sink. A poll that does not return makes its own domains stale; one that never does is given up with its
/// thread, and the collector made anew on another. Thread-safe.
class SamplerPool {
 public:
  /// What came of a plan at the start.
  struct Outcome {
    std::string name;
    std::vector<Domain> domains;
    Sample probe;
    std::optional<Error> error;
    bool pending = false;  ///< it has not answered yet; when it does it takes part
  };

  /// The clock and the sink must outlive the pool.
  SamplerPool(Nanoseconds period, Clock& clock, SampleSink sink);
  ~SamplerPool();
  SamplerPool(const SamplerPool&) = delete;
  SamplerPool& operator=(const SamplerPool&) = delete;

  /// Make collectors and wait for them, but not for ever. What they know of the machine's devices goes there.
  std::vector<Outcome> open(const std::vector<CollectorPlan>& plans, std::chrono::milliseconds patience,
                            records::MachineInfo* machine = nullptr);
  void start();
  void stop();

  /// One round of the supervisor at an instant: late polls, lost threads, new attempts. Returns when the next
  /// one is due. For its thread, and for tests that have none.
  Instant supervise(Instant now);
  /// Take the tick that is due on every thread. For tests that have no threads.
  void tick_all(Instant due);

  /// Ticks, lateness and cost of the threads that sample at the period; of `problems` those of all threads.
  SelfReport report() const;

 private:
  struct Slot {
    CollectorPlan plan;
    enum class State { Making, Running, Waiting, Off } state = State::Making;
    Instant since{};    ///< of the state
    Nanoseconds pause;  ///< before the next attempt
    std::string cause;  ///< why it does not run
  };
  struct Thread {
    std::shared_ptr<Sampler> sampler;
    std::vector<std::size_t> slots;
    std::optional<Instant> told_stale;
  };
  std::size_t number(const CollectorPlan& plan, Instant now);
  void begin_making(const std::vector<std::size_t>& slots, Instant now);
  void adopt(Made made, Instant now);
  void wait_again(Slot& slot, Instant now, std::string cause);
  Thread& thread_of(const CollectorPlan& plan);
  Nanoseconds period_of(const std::string& thread) const;
  Instant watch(Thread& thread, Instant now);
  void tell_stale(Thread& thread, const Sampler::Busy& busy, Instant now);
  void give_up(Thread& thread, const Sampler::Busy& busy, Instant now);
  void run();

  const Nanoseconds period_;
  Clock& clock_;
  SampleSink sink_;
  Workshop workshop_;

  mutable std::mutex mutex_;  ///< guards what follows
  std::vector<Slot> slots_;
  std::vector<std::unique_ptr<Thread>> threads_;
  std::vector<std::string> incidents_;
  std::uint64_t abandoned_ = 0;
  std::uint32_t next_thread_ = 0;
  Instant origin_{};
  Instant last_round_{};
  bool started_ = false;

  std::atomic<bool> stopping_{false};
  std::thread supervisor_;
};

}  // namespace ipw::telemetry
