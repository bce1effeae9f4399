// SPDX-License-Identifier: Apache-2.0
// Sensors that stand still although there is load.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ipw/telemetry/source.h"

namespace ipw::telemetry {

/// Tell a sensor that is stuck from a device that rests (goal F13). A counter that has moved before and now
/// stands still for twenty of its usual steps, two seconds at least, while its device or the CPU works, is
/// stuck; one that never moved is after ten seconds, an accelerator that does not tell its load after thirty.
/// A power sensor is when the load has changed by thirty points and its value has not for ten seconds. What
/// an integrated GPU of a CPU (uncore) or a model shows may stand still. One thread at a time.
class StuckWatch {
 public:
  /// A domain whose value has been stuck, until now or until it moved again.
  struct Span {
    std::uint32_t domain = 0;
    Instant from{}, to{};
    std::string reason;
  };
  /// Take the readings of stuck domains out of a sample and say so in its `silent`. Returns the spans that
  /// began, grew or ended.
  std::vector<Span> examine(Sample& sample, const DomainList& domains);

 private:
  struct State {
    double value = 0;
    std::optional<Instant> since;  ///< when the value was first read
    int changes = 0;
    Nanoseconds usual{0};  ///< the longest of the latest intervals between changes
    std::optional<double> load_then;
    bool stuck = false;
  };
  struct Load {
    double percent = 0;
    Instant at{};
    bool own = false;  ///< of the device itself
  };
  void note_loads(const Sample& sample);
  std::optional<Load> load_of(std::uint32_t index, const DomainList& domains, Instant now) const;
  std::optional<std::string> judge(const Reading& reading, const Domain& domain, const State& state,
                                   const std::optional<Load>& load) const;
  void move(State& state, const Reading& reading, double value, const std::optional<Load>& load);

  std::vector<State> states_;
  std::map<std::uint32_t, Load> loads_;  ///< by domain, the machine's under kMachine
};

}  // namespace ipw::telemetry
