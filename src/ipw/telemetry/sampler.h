// SPDX-License-Identifier: Apache-2.0
// A sampling thread: absolute deadlines, missed ticks skipped and counted.
#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "ipw/telemetry/collector.h"
#include "ipw/telemetry/lateness.h"
#include "ipw/telemetry/leased_clock.h"

namespace ipw::telemetry {

/// Where the samples of all threads go. Called by one thread at a time per sampler, by several at once in
/// all.
struct SampleSink {
  /// Give the index of a domain among those of all threads.
  std::function<std::uint32_t(const Domain&)> add;
  std::function<void(Sample&)> take;
};

/// A collector on a thread.
struct Seat {
  std::string name;  ///< for people: "rapl"
  std::unique_ptr<Collector> collector;
  Nanoseconds least_period{0};  ///< it is not polled more often
};

/// What a sampling thread has done, to be added up over the threads.
struct ThreadReport {
  std::uint64_t ticks = 0, missed = 0;
  Lateness lateness;
  double cpu_seconds = 0;
  std::optional<Instant> first, last;
  std::uint64_t pauses = 0;  ///< times in which it did not run for a second or more
  Nanoseconds longest_pause{0};
};

/// Poll collectors on one thread and hand each sample to a sink. A collector that throws makes its own
/// domains silent and disturbs nobody else. A library that may hang gets a thread of its own; when it does
/// hang, the thread is given up: abandon().
class Sampler : public std::enable_shared_from_this<Sampler> {
 public:
  struct Options {
    std::string name = "files";  ///< of the thread
    std::uint32_t id = 0;        ///< goes into Sample::thread
    Nanoseconds period{};
  };
  /// The clock and what the sink refers to must live until stop() or abandon() has returned.
  Sampler(Options options, Clock& clock, SampleSink sink);
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  /// Add a collector, also while the thread runs: its domains are known at once, it is polled from the next
  /// tick on.
  void add(Seat seat);
  /// Run a thread that ticks at the origin and at multiples of the period after it. It keeps this object
  /// alive.
  void start(Instant origin);
  /// Ask the thread to end, without waiting.
  void request_stop() { stopping_ = true; }
  /// Wait for its end; false when it had not ended in time. True also where there is no thread.
  bool wait_for_end(std::chrono::milliseconds patience);
  /// Give the thread up: whatever it brings later is dropped. It ends when its call returns, if ever.
  void abandon();

  /// Take the sample that was due at an instant and return the next deadline: the first multiple of the
  /// period that is still to come. For the thread, and for tests that have none.
  Instant tick(Instant due);

  /// The poll that is under way: since when, and of which collector. Thread-safe.
  struct Busy {
    Instant since{};
    std::string collector;
    Nanoseconds least_period{0};
  };
  std::optional<Busy> busy() const;
  /// The domains that it has told so far, as indices among those of all threads. Thread-safe.
  std::vector<std::uint32_t> known_domains() const;
  const Options& options() const { return options_; }
  /// Ticks, lateness and cost so far. Thread-safe.
  ThreadReport report() const;

 private:
  struct Member {
    Seat seat;
    std::vector<std::uint32_t> indices;  ///< of its domains among those of all threads
    std::optional<Instant> due;
  };
  struct Polled {
    Member* member;
    Sample sample;
  };
  void run(Instant origin);
  void sleep_until(Instant due);
  void adopt_newcomers();
  Sample poll(Member& member);
  bool deliver(Instant due, std::vector<Polled> polled);
  void learn_domains(Member& member);
  void merge(Member& member, Sample&& from, Sample& to);
  void account(Instant due, Instant woke, std::uint64_t missed);

  const Options options_;
  LeasedClock clock_;
  SampleSink sink_;
  std::vector<std::unique_ptr<Member>> members_;  ///< of the thread alone
  double thread_cpu_at_start_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread thread_;

  std::mutex
      gate_;  ///< held while a sample is delivered: afterwards nothing more comes of an abandoned thread
  bool abandoned_ = false;

  mutable std::mutex mutex_;  ///< guards what follows
  mutable std::condition_variable changed_;
  std::vector<std::unique_ptr<Member>> newcomers_;
  std::optional<Busy> busy_;
  std::vector<std::uint32_t> known_;
  ThreadReport report_;
  bool ended_ = false;
};

}  // namespace ipw::telemetry
