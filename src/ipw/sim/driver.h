// SPDX-License-Identifier: Apache-2.0
// Keeps the files of a simulated machine up to date with its world.
#pragma once
#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "ipw/base/clock.h"
#include "ipw/sim/machine.h"
#include "ipw/sim/world_files.h"
#include "ipw/telemetry/lateness.h"

namespace ipw::sim {

/// How old the values in the files were at most: a value is that of the instant at which it was written, and
/// stands until the next one.
struct DriverReport {
  std::uint64_t writes = 0;
  double period_seconds = 0, lateness_p50_seconds = 0, lateness_p99_seconds = 0, lateness_max_seconds = 0;
  bool realtime = false;  ///< the thread has real-time priority
};

/// Rewrite the counters of CPU devices and the blobs of AMD devices each period, temperatures, memory and
/// load each tenth of a second, from a thread of its own until destroyed.
class Driver {
 public:
  Driver(const Machine& machine, Clock& clock, Nanoseconds period = std::chrono::milliseconds(1));
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// Write everything as of an instant; for tests without a thread.
  void write_all(std::int64_t at_ns);
  void start();
  /// Stop the thread and say how it went.
  DriverReport stop();

 private:
  struct Counter {
    const Device* device;
    LiveFile file;
  };
  struct Card {
    const Device* device;
    int number;
    LiveFile metrics;
  };
  void run(const std::stop_token& stop);
  void write_fast(std::int64_t at_ns);
  void write_slow(std::int64_t at_ns);

  std::filesystem::path root_;
  const World& world_;
  Clock& clock_;
  Nanoseconds period_;
  std::vector<Counter> counters_;
  std::vector<Card> cards_;
  LiveFile stat_, meminfo_;
  telemetry::Lateness lateness_;
  DriverReport report_;
  std::jthread thread_;
};

}  // namespace ipw::sim
