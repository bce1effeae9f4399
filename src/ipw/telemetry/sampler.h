// SPDX-License-Identifier: Apache-2.0
// The sampling thread: absolute deadlines, missed ticks skipped and counted.
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "ipw/telemetry/collector.h"
#include "ipw/telemetry/lateness.h"

namespace ipw::telemetry {

/// Poll a group of collectors on one thread and hand each sample to a sink. A collector that throws makes its
/// own domains silent and disturbs nobody else. A library that may hang gets a group, and so a thread, of its
/// own.
class Sampler {
 public:
  using Sink = std::function<void(const Sample&)>;
  /// The sink is called on the sampling thread (or by tick()); the clock must outlive the sampler.
  Sampler(std::vector<std::unique_ptr<Collector>> group, Nanoseconds period, Clock& clock, Sink sink);
  ~Sampler();
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  /// The domains of all collectors of the group, in order; indices of readings count in this list.
  const std::vector<Domain>& domains() const { return domains_; }

  void start();
  void stop();

  /// Take the sample that was due at an instant and return the next deadline: the first multiple of the
  /// period that is still to come. For the thread, and for tests that have none.
  Instant tick(Instant due);

  /// Ticks, lateness and cost so far. Thread-safe.
  SelfReport report() const;

 private:
  struct Member {
    std::unique_ptr<Collector> collector;
    std::uint32_t first_domain = 0;
  };
  void run(const std::stop_token& stop);
  void poll(const Member& member, Sample& sample);
  void account(Instant due, Instant woke, std::uint64_t missed);

  std::vector<Member> group_;
  std::vector<Domain> domains_;
  Nanoseconds period_;
  Clock& clock_;
  Sink sink_;
  std::uint64_t sequence_ = 0;

  mutable std::mutex mutex_;
  SelfReport report_;
  Lateness lateness_;
  std::optional<Instant> first_, last_;
  double thread_cpu_at_start_ = 0;
  std::jthread thread_;
};

}  // namespace ipw::telemetry
