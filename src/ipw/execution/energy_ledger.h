// SPDX-License-Identifier: Apache-2.0
// Ended queries that wait for the reading after their end, so that their energy covers the whole window
// (defect M3).
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ipw/records/query_record.h"
#include "ipw/telemetry/source.h"

namespace ipw::execution {

/// Watts of every domain while nothing was asked.
struct IdleBaseline {
  std::map<std::string, double> watts;
  double seconds = 0;
};

/// More queries than this do not wait for a reading, which then may never come: memory stays bounded when a
/// sensor dies in the middle of a run, and the energy of the oldest is absent with a reason.
inline constexpr std::size_t kMostWaiting = 16384;

/// Hand out energies in the order in which queries ended. Thread-safe.
class EnergyLedger {
 public:
  /// With `shared`, windows may overlap and their energy is attributed; else each query had the device to
  /// itself.
  EnergyLedger(const telemetry::Source& source, bool shared);
  void begin(std::int64_t request, Instant at);
  /// A request that leaves no record (cancelled) still has to end.
  void abandon(std::int64_t request, Instant at);
  void end(records::QueryRecord record, Instant sent, std::optional<Instant> first_token, Instant done);
  /// Give a record whose readings have arrived, its energies filled in; with `force`, the next one in any
  /// case.
  std::optional<records::QueryRecord> take(bool force);
  std::size_t waiting() const;
  void set_idle(IdleBaseline idle);

 private:
  struct Pending {
    records::QueryRecord record;
    Instant sent, done;
    std::optional<Instant> first_token;
  };
  void fill(Pending& pending);
  void split_phases(Pending& pending) const;

  const telemetry::Source& source_;
  std::unique_ptr<telemetry::Attribution> attribution_;
  IdleBaseline idle_;
  mutable std::mutex mutex_;
  std::deque<Pending> pending_;
};

/// Measure the idle power of every domain between two instants.
IdleBaseline measure_idle(const telemetry::Source& source, Instant begin, Instant end);

}  // namespace ipw::execution
