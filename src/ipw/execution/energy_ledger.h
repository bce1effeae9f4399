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

#include "ipw/execution/idle_baseline.h"
#include "ipw/records/query_record.h"
#include "ipw/telemetry/attribution.h"

namespace ipw::execution {

/// The energy of one domain while requests were active, summed over a run.
struct ActiveEnergy {
  double joules = 0;
  bool complete = true;  ///< false when a request has no value, so that nothing follows for the run
};

/// More queries than this do not wait for a reading, which then may never come: memory stays bounded when a
/// sensor dies in the middle of a run, and the energy of the oldest is absent with a reason.
inline constexpr std::size_t kMostWaiting = 16384;

/// With more than this waiting, the next question waits for the energies of the last ones: answers that come
/// at once (`--client echo`) would else outrun the sensors, and memory would grow with the run.
inline constexpr std::size_t kManyWaiting = 1024;

/// Hand out energies in the order in which queries ended. Thread-safe.
class EnergyLedger {
 public:
  /// With a rule, windows may overlap and their energy is attributed; without, each query had the devices to
  /// itself. Throws Error(Usage) for an unknown rule.
  explicit EnergyLedger(const telemetry::Source& source, std::string_view attribution = {});
  /// A request before the run that had the devices to itself; it teaches what tokens cost.
  void calibrate(const records::Tokens& tokens, Instant sent, Instant done, std::vector<Instant> arrivals);
  void begin(std::int64_t request, Instant at);
  /// A request that leaves no record (cancelled) still has to end.
  void abandon(std::int64_t request, Instant at);
  void end(records::QueryRecord record, Instant sent, std::optional<Instant> first_token, Instant done,
           std::vector<Instant> arrivals = {});
  /// Give a record whose readings have arrived, its energies filled in; with `force`, the next one in any
  /// case.
  std::optional<records::QueryRecord> take(bool force);
  std::size_t waiting() const;
  /// Whether questions should wait until some of the energies have been taken. Not for a sensor that is late
  /// by more than a second: it may be dead.
  bool behind(Instant now) const;
  /// Whether the readings after the last end have arrived.
  bool settled() const;
  /// Where the energy of each domain went; absent without a rule. After the last take().
  std::optional<telemetry::Account> shares();
  void set_idle(IdleModel idle);
  /// Energy of the requests that were taken, by domain, and the seconds in which at least one was active.
  std::map<std::string, ActiveEnergy> active() const;
  double active_seconds() const;

 private:
  struct Pending {
    records::QueryRecord record;
    Instant sent, done;
    std::optional<Instant> first_token;
  };
  bool fill(Pending& pending, bool force);
  void split_phases(Pending& pending) const;
  void account(const records::QueryRecord& record);
  void leave(Instant at);

  const telemetry::Source& source_;
  std::unique_ptr<telemetry::Attribution> attribution_;
  IdleModel idle_;
  std::map<std::string, ActiveEnergy> active_;
  int running_ = 0;
  Instant busy_since_{};
  double active_seconds_ = 0;
  mutable std::mutex mutex_;
  std::deque<Pending> pending_;
};

}  // namespace ipw::execution
